// Test events: chosen, saved in the browser or into the project, deleted from the browser.

import { announce, byId, element } from "./dom.js";
import { openStore } from "./event_store.js";
import { fetchEvent, saveEvent, saveExpected } from "./service.js";

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * @param {{onChosen: (text: string) => void, onFailure: (error: unknown) => void, current: () => string, answer: () => string | null}} page
 *   `current` returns the current input as JSON text; it may throw. `answer` returns its answer, null without one
 */
export function makeEvents({ onChosen, onFailure, current, answer }) {
  const [choice, panel, name, told] = ["event-choice", "save-panel", "save-name", "save-told"].map(byId);
  const [saveButton, deleteButton] = ["event-save", "event-delete"].map(byId);
  const expect = byId("expect");
  let target;
  let store;
  let replacing = "";

  function list(chosen = "") {
    const options = (prefix, names) => names.map((each) => element("option", { value: prefix + each }, each));
    const project = options("project:", target.events);
    const browser = options("browser:", store.names());
    choice.replaceChildren(
      element("option", { value: "" }, project.length + browser.length ? "Choose one" : "No events yet"),
      ...(project.length ? [element("optgroup", { label: "Project, events/" }, ...project)] : []),
      ...(browser.length ? [element("optgroup", { label: "This browser" }, ...browser)] : []));
    choice.value = chosen;
    deleteButton.hidden = !choice.value.startsWith("browser:");
  }

  choice.addEventListener("change", async () => {
    deleteButton.hidden = !choice.value.startsWith("browser:");
    const place = choice.value.indexOf(":");
    if (place < 0) return;
    const event = choice.value.slice(place + 1);
    try {
      onChosen(choice.value.startsWith("project:") ? await fetchEvent(target.name, event) : store.read(event));
      announce(`Test event ${event} loaded`);
    } catch (error) {
      onFailure(error);
    }
  });

  saveButton.addEventListener("click", () => toggle(panel.hidden));
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggle(false);
  });
  deleteButton.addEventListener("click", () => {
    const event = choice.value.slice("browser:".length);
    store.remove(event);
    list();
    choice.focus();
    announce(`Test event ${event} deleted`);
  });
  name.addEventListener("input", () => {
    replacing = "";
    tell("");
  });
  byId("save-browser").addEventListener("click", () => save("browser"));
  byId("save-project").addEventListener("click", () => save("project"));

  function toggle(isOpen) {
    panel.hidden = !isOpen;
    const expected = answer();
    expect.disabled = expected === null;
    expect.checked = false;
    byId("expect-hint").hidden = expected !== null;
    saveButton.setAttribute("aria-expanded", String(isOpen));
    replacing = "";
    tell("");
    if (isOpen) name.focus();
    else saveButton.focus();
  }

  function tell(text, isWrong = false) {
    told.textContent = text;
    told.classList.toggle("wrong", isWrong);
  }

  async function save(place) {
    const event = name.value.trim();
    if (!NAME.test(event)) {
      tell("Use letters, digits, dots, dashes and underscores, starting with a letter or digit.", true);
      name.focus();
      return;
    }
    try {
      const text = current();
      const isReplacing = replacing === `${place}:${event}`;
      if (place === "project") {
        const expected = expect.checked ? answer() : null;
        if (expect.checked && expected === null) throw new Error("These inputs have no answer yet. Send them first.");
        target.events = (await saveEvent(target.name, event, text, isReplacing)).names;
        if (expected !== null) await saveExpected(target.name, event, expected);
      } else if (store.names().includes(event) && !isReplacing) {
        throw Object.assign(new Error(), { status: 412 });
      } else {
        store.save(event, text);
      }
      list(`${place}:${event}`);
      toggle(false);
      announce(`Test event ${event} saved`);
    } catch (error) {
      if (error.status === 412) {
        replacing = `${place}:${event}`;
        tell(`The event ${event} already exists. Press the button again to replace it.`, true);
      } else {
        tell(error.detail ?? error.message, true);
      }
    }
  }

  return {
    /** @param {{name: string, events: string[], canSaveEvents: boolean}} shown */
    setTarget(shown) {
      target = shown;
      store = openStore(shown.name);
      byId("save-project").hidden = !shown.canSaveEvents;
      byId("expect-line").hidden = !shown.canSaveEvents;
      panel.hidden = true;
      saveButton.setAttribute("aria-expanded", "false");
      list();
    },
    /** Clear the choice: the input is no longer the chosen event. */
    forget() {
      choice.value = "";
      deleteButton.hidden = true;
    },
  };
}
