// Parts of a page: whether two are the same to a reader, and how one takes the place of the other.
import { isSelected, remember } from "./reader.js";
import { sayTime, sayTimes } from "./times.js";

const plain = (part) => {
  const copy = part.cloneNode(true);
  // What a reader opened or made larger, and what waits for a selection, is no difference.
  for (const name of ["open", "style", "disabled", "popover"])
    for (const each of copy.querySelectorAll(`[${name}]`)) each.removeAttribute(name);
  // Nor is another instant alone: times are set where they stand.
  for (const time of copy.querySelectorAll("time")) time.replaceWith(document.createElement("time"));
  return copy.outerHTML;
};

export const differs = (part, fresh) => plain(part) !== plain(fresh);

const setTime = (time, fresh) => {
  // Selected words stay the words that were selected.
  if (time.dateTime === fresh.dateTime || isSelected(time)) return;
  copyAttributes(time, fresh);
  sayTime(time);
};

// Of a part that is the same but for its times.
export const showTimes = (part, fresh) => {
  const now = fresh.querySelectorAll("time");
  part.querySelectorAll("time").forEach((time, place) => setTime(time, now[place]));
};

const copyAttributes = (to, from) => {
  for (const name of to.getAttributeNames()) if (!from.hasAttribute(name)) to.removeAttribute(name);
  for (const name of from.getAttributeNames()) to.setAttribute(name, from.getAttribute(name));
};

const tell = (part) => {
  sayTimes(part, isSelected);
  part.dispatchEvent(new CustomEvent("tally:replaced", { bubbles: true }));
};

export const swap = (part, fresh) => {
  const restore = remember(part);
  copyAttributes(part, fresh);
  part.replaceChildren(...document.importNode(fresh, true).childNodes);
  restore();
  tell(part);
};

const neighbour = (fresh, way) => {
  for (let each = fresh[way]; each; each = each[way]) {
    const here = each.id && document.getElementById(each.id);
    if (here) return here;
  }
  return null;
};

// A part that was not there yet comes in between the neighbours that it has on the fetched page.
export const insert = (fresh) => {
  const part = document.importNode(fresh, true);
  const before = neighbour(fresh, "previousElementSibling");
  if (before) before.after(part);
  else neighbour(fresh, "nextElementSibling")?.before(part);
  tell(part);
};
