// A tab list: arrow keys, Home and End choose a tab, and its panel is shown.

/**
 * @param {HTMLElement} list holds buttons with `role=tab` and `aria-controls`
 * @param {(tab: HTMLElement) => void} [onChange]
 * @returns {{choose: (id: string) => void, chosen: () => string}}
 */
export function makeTabs(list, onChange = () => {}) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const shown = () => tabs.filter((tab) => !tab.hidden);
  let current = tabs[0];

  function choose(tab) {
    current = tab;
    for (const each of tabs) {
      const isChosen = each === tab;
      each.setAttribute("aria-selected", String(isChosen));
      each.tabIndex = isChosen ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !isChosen;
    }
    onChange(tab);
  }

  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const among = shown();
    const place = among.indexOf(current);
    const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: among.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(among[(next + among.length) % among.length]);
    current.focus();
  });
  choose(current);
  return { choose: (id) => choose(tabs.find((tab) => tab.id === id)), chosen: () => current.id };
}
