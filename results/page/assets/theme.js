"use strict";
// Light, dark, or as the system has it; remembered where the browser lets a page remember.

(() => {
  const choices = { system: "as the system", light: "light", dark: "dark" };
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* nowhere to keep it */ } };
  const apply = (theme) => { document.documentElement.dataset.theme = theme in choices ? theme : "system"; };
  apply(remembered() ?? "system");
  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("theme");
    choice.value = document.documentElement.dataset.theme;
    choice.addEventListener("change", () => { apply(choice.value); remember(choice.value); });
  });
})();
