// A text area whose text can be underlined in place. The same text stands behind it in the same letters, invisible but
// for its marks; both grow with the text, and what scrolls is the box around them, so they can't come apart.

/** From a byte of a text, as messages count, to the unit of its string. */
export function units(text) {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (byte) => decoder.decode(bytes.subarray(0, byte)).length;
}

/** The marks of a text after an edit: those before it stay, those behind it move, those in it are gone. */
export function moved(marks, before, after) {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const shift = after.length - before.length;
  return marks.flatMap((mark) => {
    if (mark.end <= head) return [mark];
    if (mark.start >= before.length - tail) {
      return [{ ...mark, start: mark.start + shift, end: mark.end + shift }];
    }
    return [];
  });
}

export class Editor {
  #area;
  #behind;
  #numbers;
  #marks = [];
  #shown = "";

  /** `changed` is called when the person changes the text, not when the page does. */
  constructor(area, changed) {
    const box = area.closest(".editor");
    this.#area = area;
    this.#behind = box.querySelector(".marks");
    this.#numbers = box.querySelector(".numbers");
    area.addEventListener("input", () => {
      this.#marks = moved(this.#marks, this.#shown, this.text);
      this.#draw();
      changed();
    });
    this.#draw();
  }

  get text() {
    return this.#area.value;
  }

  set text(text) {
    this.#area.value = text;
    this.#marks = [];
    this.#draw();
  }

  /** Underlines these places: `{start, end, kind}`, in units of the string. */
  mark(marks) {
    this.#marks = marks;
    this.#draw();
  }

  /** Puts the cursor at a place and shows it. */
  show(start, end) {
    this.#area.focus();
    this.#area.setSelectionRange(start, end);
  }

  #draw() {
    const text = this.text;
    const parts = [];
    let at = 0;
    for (const { start, end, kind } of [...this.#marks].sort((a, b) => a.start - b.start)) {
      if (start < at || start > text.length) continue;
      parts.push(text.slice(at, start));
      const mark = document.createElement("span");
      mark.className = kind;
      mark.textContent = text.slice(start, end);
      if (!mark.textContent.trim()) {
        // Where something is missing there is no letter to underline.
        mark.textContent = "";
        mark.classList.add("gap");
        at = start;
      } else {
        at = end;
      }
      parts.push(mark);
    }
    // A last line that is empty has a height only if something stands on it.
    parts.push(text.slice(at), "\u200b");
    this.#behind.replaceChildren(...parts);
    const lines = text.split("\n").length;
    this.#numbers.textContent = Array.from({ length: lines }, (_, line) => line + 1).join("\n");
    this.#shown = text;
  }
}
