// Checkboxes of lists: one for all of the page, and buttons that wait until something is selected.
const boxes = (form) => [...form.querySelectorAll("input[type=checkbox][name=id]")];

const show = (form) => {
  const chosen = boxes(form).filter((box) => box.checked).length;
  for (const button of form.querySelectorAll("[data-selected] button")) button.disabled = chosen === 0;
  const all = form.querySelector("[data-all]");
  if (all) {
    all.checked = chosen > 0 && chosen === boxes(form).length;
    all.indeterminate = chosen > 0 && !all.checked;
  }
};

// Browsers would tick by place (their forms forbid it), and rows move: who comes back finds the same jobs ticked.
const keep = (form) => {
  const ticked = boxes(form).filter((box) => box.checked).map((box) => box.value);
  history.replaceState({ ...history.state, ticked }, "");
};

const tickAgain = (form) => {
  const ticked = new Set(history.state?.ticked);
  for (const box of boxes(form)) if (ticked.has(box.value)) box.checked = true;
};

export const watchSelection = () => {
  for (const form of document.querySelectorAll("[data-bulk]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("[data-all]"))
        for (const box of boxes(form)) box.checked = event.target.checked;
      show(form);
      keep(form);
    });
    tickAgain(form);
    // Rows are replaced as they change.
    form.addEventListener("tally:replaced", () => show(form));
    show(form);
  }
};
