// Runs before the first paint, so that a page never flashes in the other theme.
(() => {
  try {
    const chosen = localStorage.getItem("tally-theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's theme will do.
  }
})();
