// Sets the colours the user chose before anything is drawn. A classic script, so that it blocks.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("proxypal-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Without storage the system's choice holds.
  }
})();
