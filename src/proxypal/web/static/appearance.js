// The button that chooses colours: as the system, light, dark. theme.js applies it at the start.
const KEY = "proxypal-theme";
const THEMES = ["system", "light", "dark"];
const WORDS = { system: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };

export function chosenTheme() {
  return document.documentElement.dataset.theme ?? "system";
}

export function chooseTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice holds for this page.
  }
  show();
  document.dispatchEvent(new CustomEvent("proxypal:theme", { detail: theme }));
}

function show() {
  const theme = chosenTheme();
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.setAttribute("aria-label", WORDS[theme]);
    button.dataset.tip = WORDS[theme];
    for (const icon of button.querySelectorAll("[data-theme-icon]")) {
      icon.hidden = icon.dataset.themeIcon !== theme;
    }
  }
  for (const input of document.querySelectorAll("input[data-theme-choice]")) {
    input.checked = input.value === theme;
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) {
    chooseTheme(THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]);
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-theme-choice]")) chooseTheme(event.target.value);
});
window.addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  if (event.newValue === "light" || event.newValue === "dark") {
    document.documentElement.dataset.theme = event.newValue;
  } else {
    delete document.documentElement.dataset.theme;
  }
  show();
});
show();
