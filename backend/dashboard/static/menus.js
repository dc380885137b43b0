// Menus float above the page, so that an open one neither moves nor is cut off by what it stands in. One is
// open at a time; Escape, a click elsewhere and "Keep it" close it, but not to ask for what is new around it.
const EDGE = 8;
const canFloat = "popover" in HTMLElement.prototype;
const formOf = (menu) => menu.querySelector(":scope > form");
const opened = () => [...document.querySelectorAll("details.act[open]")];

const prepare = (part) => {
  if (!canFloat) return;
  for (const form of part.querySelectorAll("details.act > form")) form.popover = "manual";
};

const within = (place, most) => Math.max(EDGE, Math.min(place, most - EDGE));

// Below its button, or above it where there is no room; never beyond the window.
const place = (menu) => {
  const form = formOf(menu);
  const button = menu.querySelector("summary").getBoundingClientRect();
  const { width, height } = form.getBoundingClientRect();
  const isRoomBelow = button.bottom + height + EDGE <= innerHeight;
  form.style.left = `${within(button.right - width, innerWidth - width)}px`;
  form.style.top = `${within(isRoomBelow ? button.bottom + 6 : button.top - height - 6, innerHeight - height)}px`;
};

const show = (menu) => {
  const form = formOf(menu);
  if (form.popover && !form.matches(":popover-open")) form.showPopover();
  if (form.popover) place(menu);
  form.querySelector("[aria-invalid], input:not([type=hidden]), select, button")?.focus({ preventScroll: true });
};

const hide = (menu) => {
  const form = formOf(menu);
  if (form?.popover && form.matches(":popover-open")) form.hidePopover();
};

const close = (menu, isFocused) => {
  menu.open = false;
  if (isFocused) menu.querySelector("summary").focus();
};

export const watchMenus = () => {
  prepare(document);
  for (const menu of opened()) {
    // One that comes open is shown with the row that it is about.
    menu.scrollIntoView({ block: "center", behavior: "instant" });
    show(menu);
  }
  document.addEventListener("tally:replaced", (event) => prepare(event.target));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-held]")) return;
    const isKept = event.target.closest("[data-keep]");
    for (const menu of opened()) if (isKept || !menu.contains(event.target)) close(menu, isKept);
  });
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.matches?.("details.act")) (event.target.open ? show : hide)(event.target);
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of opened()) close(menu, true);
  });
  for (const moved of ["scroll", "resize"])
    addEventListener(moved, () => opened().forEach((menu) => formOf(menu).popover && place(menu)), true);
};
