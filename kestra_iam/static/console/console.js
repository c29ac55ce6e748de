// What the console's pages do in the browser; every page but the sign-in link works without it.
const all = (selector) => document.querySelectorAll(selector);

// Light, dark, or as the system says.
for (const choice of all("input[data-theme]")) {
  choice.checked = choice.value === (localStorage.getItem("theme") || "system");
  choice.addEventListener("change", () => {
    localStorage.setItem("theme", choice.value);
    dispatchEvent(new Event("theme"));
  });
}

// The menu on small screens.
for (const button of all("[data-toggle]")) {
  const panel = document.getElementById(button.dataset.toggle);
  button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(panel.classList.toggle("k-open")));
  });
}

// Popups close with Escape and with a click elsewhere.
addEventListener("keydown", (event) => {
  const open = document.querySelector("details.k-menu[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  for (const menu of all("details.k-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Copying: the clipboard where the browser gives it, else the selection.
for (const button of all("[data-copy]")) {
  button.addEventListener("click", async () => {
    const box = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(box.value);
    } catch {
      box.select();
      document.execCommand("copy");
    }
    const word = button.querySelector("[aria-live]");
    word.textContent = "Copied";
    setTimeout(() => (word.textContent = "Copy"), 2500);
  });
}

// A secret shown once: reloading asks for the page behind it, and leaving warns until it is confirmed.
const once = document.querySelector("[data-leave-to]");
if (once) {
  const place = once.dataset.leaveTo;
  let kept = false;
  history.replaceState(null, "", place);
  addEventListener("beforeunload", (event) => {
    if (!kept) event.preventDefault();
  });
  once.querySelector("[data-kept]").addEventListener("click", () => (kept = true));
  // The switch beside the secret works without leaving the page.
  addEventListener("submit", async (event) => {
    const advice = event.target.closest("#switch");
    if (!advice) return;
    event.preventDefault();
    const answer = await fetch(event.target.action, { method: "POST", body: new FormData(event.target) });
    const after = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("switch");
    advice.replaceWith(after);
    after.querySelector("button")?.focus();
  });
}

// A sign-in link: its secret is behind the #, so only this page ever sees it; it goes into the form's body.
const link = document.getElementById("sign-in-link");
if (link && location.hash.length > 1) {
  link.elements.secret.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  link.submit();
}
