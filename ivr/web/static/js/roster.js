// The duty roster: a weekly duty is dragged to another day or person. The form beside it does the same by keyboard.
const form = document.querySelector("[data-move]");
let dragged = null;

for (const duty of document.querySelectorAll("[data-duty]")) {
  duty.addEventListener("dragstart", (event) => {
    dragged = duty.dataset.duty;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged);
  });
}

for (const cell of document.querySelectorAll("[data-roster] td[data-user]")) {
  cell.addEventListener("dragover", (event) => {
    if (dragged === null) return;
    event.preventDefault();
    cell.classList.add("roster-target");
  });
  cell.addEventListener("dragleave", () => cell.classList.remove("roster-target"));
  cell.addEventListener("drop", (event) => {
    if (dragged === null) return;
    event.preventDefault();
    form.elements.duty.value = dragged;
    form.elements.user.value = cell.dataset.user;
    form.elements.weekday.value = cell.dataset.weekday;
    form.submit();
  });
}
