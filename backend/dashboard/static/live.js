// Keeps marked parts of a page as the server would draw them now, and holds them still while somebody
// reads, selects or types in them.
const held = document.querySelector("[data-held]");
const offline = document.querySelector("[data-offline]");
let tag = "";
let waiting = null;
let isHeld = false;

const isBusy = (part) => {
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input, select, textarea")) return true;
  if (part.querySelector("details.act[open], input[name=id]:checked")) return true;
  const selection = getSelection();
  if (selection && !selection.isCollapsed && part.contains(selection.anchorNode)) return true;
  return part.hasAttribute("data-hold") && part.matches(":hover");
};

const replace = (part, fresh) => {
  const open = [...part.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  const path = active && [...part.querySelectorAll("a, button, summary, pre")].indexOf(active);
  const scrolled = [...part.querySelectorAll(".wide")].map((each) => each.scrollLeft);
  part.replaceChildren(...document.importNode(fresh, true).childNodes);
  for (const [id, wasOpen] of open) {
    const same = document.getElementById(id);
    if (same) same.open = wasOpen;
  }
  part.querySelectorAll(".wide").forEach((each, place) => (each.scrollLeft = scrolled[place] || 0));
  if (active && path >= 0) part.querySelectorAll("a, button, summary, pre")[path]?.focus({ preventScroll: true });
  part.dispatchEvent(new CustomEvent("tally:replaced", { bubbles: true }));
};

const differs = (part, fresh) => {
  // What a reader opened is no difference.
  const plain = (node) => {
    const copy = node.cloneNode(true);
    for (const each of copy.querySelectorAll("details[id]")) each.removeAttribute("open");
    return copy.innerHTML;
  };
  return plain(part) !== plain(fresh);
};

const apply = (page, force) => {
  let kept = false;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || !differs(part, fresh)) continue;
    if (!force && isBusy(part)) kept = true;
    else replace(part, fresh);
  }
  waiting = kept ? page : null;
  isHeld = kept;
  held.hidden = !kept;
};

const ask = async () => {
  const response = await fetch(location.href, {
    headers: { "X-Live": "1", ...(tag && { "If-None-Match": tag }) },
    cache: "no-store",
  });
  if (response.status === 401) {
    location.reload();
    return;
  }
  offline.hidden = response.ok || response.status === 304;
  if (!response.ok) return;
  tag = response.headers.get("ETag") || "";
  apply(new DOMParser().parseFromString(await response.text(), "text/html"), false);
};

export const keepLive = () => {
  const seconds = Number(document.body.dataset.refresh);
  if (!seconds || !document.querySelector("[data-live]")) return;
  const turn = async () => {
    if (document.visibilityState === "visible") {
      try {
        await ask();
      } catch {
        offline.hidden = false;
      }
    }
    setTimeout(turn, seconds * 1000);
  };
  setTimeout(turn, seconds * 1000);
  held.querySelector("[data-release]").addEventListener("click", () => waiting && apply(waiting, true));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask().catch(() => (offline.hidden = false));
  });
  // What was held is shown as soon as nobody holds it.
  setInterval(() => isHeld && waiting && apply(waiting, false), 500);
};
