// What pages can do beside links and forms. Every page works without it; nothing here builds HTML from text.
import { keepLive } from "./live.js";
import { watchSelection } from "./selection.js";

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

// A notice is for now, not for whoever opens the address later.
const address = new URL(location.href);
if (address.searchParams.has("note")) {
  address.searchParams.delete("note");
  address.searchParams.delete("n");
  history.replaceState(null, "", address);
}

// One open menu at a time; Escape and a click elsewhere close it, but not to ask for what is new around it.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-held]")) return;
  for (const menu of document.querySelectorAll("details.act[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("details.act[open]"))
      event.target.querySelector("input:not([type=hidden]), select, button")?.focus();
  },
  true,
);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    const menu = document.querySelector("details.act[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
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
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[method=post] button")) button.disabled = false;
});

watchSelection();
keepLive();
