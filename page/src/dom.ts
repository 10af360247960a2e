// Making elements. Children are elements or text; text stays text.

type Child = Node | string;

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Readonly<Record<string, string>> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Somebody else's text, which may run in either direction, kept apart from ours. */
export function bdi(text: string | number): HTMLElement {
  return el("bdi", { class: "exact" }, `${text}`);
}

/** A sentence of ours with what is put into its places kept apart. */
export function sentence(text: string, places: Readonly<Record<string, string | number>> = {}): HTMLElement {
  const made = el("span");
  text.split(/\{([a-zA-Z]+)\}/).forEach((part, at) => made.append(at % 2 ? el("bdi", {}, `${places[part] ?? ""}`) : part));
  return made;
}

export function clear(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children);
}

/** A button that is a file input: the whole of it can be clicked, focused and dropped on. */
export function choice(id: string, text: string, attributes: Readonly<Record<string, string>>, chosen: (files: readonly File[]) => void): HTMLElement {
  const input = el("input", { type: "file", id, ...attributes });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    if (files.length) chosen(files);
  });
  return el("label", { class: "choose" }, el("span", {}, text), input);
}
