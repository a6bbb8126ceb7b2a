// The options of a question, as the program lists them.

export class Choices {
  #form;
  #choices;

  constructor(form, choices, changed) {
    this.#form = form;
    this.#choices = choices;
    form.replaceChildren(...choices.map((choice) => field(choice, `${form.id}-${choice.name}`)));
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    this.restore({});
  }

  /** What is asked for: what the command line would be told. */
  get options() {
    const told = this.#choices.map(({ name, kind }) => {
      const control = this.#form.elements[name];
      return [name, kind === "flag" ? control.checked : control.value.trim()];
    });
    return Object.fromEntries(told.filter(([, value]) => value !== ""));
  }

  /** What differs from how the page begins, as texts. */
  get changes() {
    const changes = {};
    for (const { name, kind, default: begins } of this.#choices) {
      const control = this.#form.elements[name];
      const value = kind === "flag" ? String(control.checked) : control.value.trim();
      if (value !== (begins ?? "")) changes[name] = value;
    }
    return changes;
  }

  /** Puts back what `changes` gave; what it does not name is as the page begins. */
  restore(changes) {
    for (const { name, kind, values, default: begins } of this.#choices) {
      const control = this.#form.elements[name];
      const value = changes[name] ?? begins ?? "";
      if (kind === "flag") control.checked = value === "true";
      else if (kind !== "one" || value === "" || values.some((known) => known.name === value)) {
        control.value = value;
      }
    }
  }
}

function field({ name, about, kind, hint, values, default: begins }, id) {
  const field = document.createElement("div");
  field.title = about ?? "";
  const label = document.createElement("label");
  label.htmlFor = id;
  label.textContent = name.replaceAll("-", " ");
  const control = document.createElement(kind === "one" ? "select" : "input");
  control.id = id;
  control.name = name;
  if (kind === "one") {
    if (begins === null) control.append(new Option("as written", ""));
    for (const { name, about } of values) {
      const option = new Option(name, name);
      option.title = about ?? "";
      control.append(option);
    }
  } else if (kind === "flag") {
    control.type = "checkbox";
  } else {
    control.placeholder = hint ?? "";
    control.size = Math.max(6, Math.min((hint ?? "").length, 12));
    control.autocomplete = "off";
    control.spellcheck = false;
  }
  field.append(...(kind === "flag" ? [control, label] : [label, control]));
  return field;
}
