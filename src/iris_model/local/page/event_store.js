// Test events in the storage of the browser, for each function. If the browser stores nothing, the page shows a message.

const KEY = "iris-model:events:";

/** @param {string} functionName */
export function openStore(functionName) {
  const key = KEY + functionName;
  const read = () => {
    try {
      const value = JSON.parse(localStorage.getItem(key) ?? "{}");
      const isMap = value !== null && typeof value === "object" && !Array.isArray(value);
      return isMap ? new Map(Object.entries(value).filter(([, text]) => typeof text === "string")) : new Map();
    } catch {
      return new Map();
    }
  };
  const write = (events) => localStorage.setItem(key, JSON.stringify(Object.fromEntries(events)));
  return {
    names: () => [...read().keys()].sort(),
    read: (name) => read().get(name),
    /** Throws if the browser stores nothing. */
    save: (name, text) => write(read().set(name, text)),
    remove(name) {
      const events = read();
      events.delete(name);
      write(events);
    },
  };
}
