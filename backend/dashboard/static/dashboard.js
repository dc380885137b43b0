// What pages can do beside links and forms. Every page works without it; nothing here builds HTML from text.
import { announce, wordsIn } from "./announce.js";
import { keepLive } from "./live.js";
import { watchMenus } from "./menus.js";
import { isSelected } from "./reader.js";
import { watchSelection } from "./selection.js";
import { sayTimes } from "./times.js";

const theme = document.querySelector("[data-theme-toggle]");
if (theme) {
  const isDark = () =>
    (document.documentElement.dataset.theme ||
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`);
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("tally-theme", next);
    } catch {
      // Then it holds for this page only.
    }
    name();
  });
  name();
}

// What answers a form stands at the form's address; loading it anew must not send the form once more.
if (document.body.dataset.here) history.replaceState(null, "", document.body.dataset.here);

// A notice is for now, not for whoever opens the address later.
const address = new URL(location.href);
if (address.searchParams.has("note")) {
  for (const name of ["note", "n", "asked"]) address.searchParams.delete(name);
  history.replaceState(null, "", address);
}

watchMenus();

// The navigation of a narrow page scrolls: the current page must not be out of sight in it.
const current = document.querySelector(".side [aria-current]");
if (current) {
  const nav = current.closest("nav");
  const [link, around] = [current, nav].map((each) => each.getBoundingClientRect());
  nav.scrollLeft += link.left - around.left - (around.width - link.width) / 2;
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

// A second click on a button that acts must not act twice.
document.addEventListener("submit", (event) => {
  if (event.target.method === "post")
    setTimeout(() => {
      for (const button of event.target.querySelectorAll("button")) button.disabled = true;
    });
});
const enable = () => {
  for (const button of document.querySelectorAll("form[method=post] button")) button.disabled = false;
};
addEventListener("pageshow", enable);
// Who stops a form on its way may send it again.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") enable();
});

// What stands in a page when it comes is not told by itself to those who listen; they hear its title first.
setTimeout(() => {
  for (const said of document.querySelectorAll("main [data-say]")) announce(wordsIn(said));
}, 500);

const say = () => sayTimes(document, isSelected);
say();
setInterval(say, 1000);
watchSelection();
keepLive();
