// What a reader is at in a part of a page: whether that holds it still, and how it outlives a swap.
const within = (part, selector) => [...part.querySelectorAll(selector)];

export const isSelected = (node) => {
  const selection = getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return false;
  return selection.getRangeAt(0).intersectsNode(node);
};

const isTicked = (field) => field.type === "checkbox" || field.type === "radio";

const isEdited = (field) => {
  if (field.type === "hidden") return false;
  if (isTicked(field)) return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((each) => each.defaultSelected);
  return field.selectedIndex !== Math.max(first, 0);
};

const edited = (part) => within(part, "input[name], textarea[name], select[name]").filter(isEdited);

const isHeld = (part, active) =>
  part.hasAttribute("data-hold") && (part.matches(":hover") || part.contains(active));

export const isBusy = (part) => {
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input, select, textarea")) return true;
  if (part.querySelector("details.act[open]") || edited(part).length) return true;
  return isSelected(part) || isHeld(part, active);
};

// What a form does, and to what where several have one address.
const deedOf = (form) => {
  const fields = within(form, "input[type=hidden]").filter((field) => field.name !== "form_token");
  return JSON.stringify([form.getAttribute("action"), ...fields.map((field) => field.value)]);
};

// Menus are known by what they do: their ids may count rows, and rows move.
const anchorOf = (element) => {
  const form = element.closest("details.act")?.querySelector("form");
  return form ? deedOf(form) : element.closest("[id]").id;
};

const markOf = (element) => {
  const names = ["name", "href", "formaction", "class", ...(isTicked(element) ? ["value"] : [])];
  const own = names.map((name) => element.getAttribute(name));
  return JSON.stringify([anchorOf(element), element.localName, ...own]);
};

const alike = (part, tag, mark) => within(part, tag).filter((each) => markOf(each) === mark);

// Finds an element of a part again after a swap: by its id, name and value or address; where several are
// alike, as parts of one text may be, by its place among them.
const trail = (part, element) => {
  const mark = markOf(element);
  const place = alike(part, element.localName, mark).indexOf(element);
  return () => alike(part, element.localName, mark)[place];
};

// Focus goes to the same thing or nowhere: Enter on its neighbour would do something else.
const focusTrail = (part) => {
  const active = document.activeElement;
  if (!part.contains(active)) return () => {};
  const mark = markOf(active);
  const isNamed = active.hasAttribute("href") || active.hasAttribute("name");
  return () => {
    const found = alike(part, active.localName, mark);
    if (found.length === 1 || isNamed) found[0]?.focus({ preventScroll: true });
  };
};

const remembered = (part, elements, read, write) => {
  const kept = elements.map((each) => [trail(part, each), read(each)]);
  return () => {
    for (const [find, was] of kept) {
      const same = find();
      if (same) write(same, was);
    }
  };
};

const openOf = (part) =>
  remembered(part, within(part, "details"), (each) => each.open, (each, was) => (each.open = was));

const editsOf = (part) =>
  remembered(
    part,
    edited(part),
    (field) => (isTicked(field) ? field.checked : field.value),
    (field, was) => (isTicked(field) ? (field.checked = was) : (field.value = was)),
  );

const scrollOf = (part) =>
  remembered(
    part,
    within(part, "*").filter((each) => each.scrollTop || each.scrollLeft),
    (each) => [each.scrollTop, each.scrollLeft],
    (each, [top, left]) => each.scrollTo({ top, left, behavior: "instant" }),
  );

// The order matters: what is closed cannot be scrolled, and what is not there has no focus.
export const remember = (part) => {
  const steps = [openOf, editsOf, scrollOf, focusTrail].map((step) => step(part));
  return () => steps.forEach((restore) => restore());
};
