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

export const watchSelection = () => {
  for (const form of document.querySelectorAll("[data-bulk]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("[data-all]"))
        for (const box of boxes(form)) box.checked = event.target.checked;
      show(form);
    });
    // Rows are replaced as they change.
    form.addEventListener("tally:replaced", () => show(form));
    show(form);
    // Who comes back finds what was ticked, but only after this ran.
    addEventListener("pageshow", () => show(form));
  }
};
