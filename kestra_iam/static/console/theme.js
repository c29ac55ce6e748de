// Before anything is painted: light or dark, as chosen on this device or as the system says.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const theme = localStorage.getItem("theme") || "system";
    document.documentElement.classList.toggle("dark", theme === "dark" || (theme === "system" && dark.matches));
  };
  dark.addEventListener("change", show);
  addEventListener("storage", show);
  addEventListener("theme", show);
  show();
})();
