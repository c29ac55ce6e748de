// Parts of a page that change by themselves: each asks for itself again until it says no more where to ask.
for (const part of document.querySelectorAll("[data-poll]")) {
  const voice = document.createElement("p");
  voice.className = "k-sr";
  voice.setAttribute("role", "status");
  part.after(voice);

  const show = (found) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.innerHTML === found.innerHTML || part.replaceChildren(...found.childNodes);
    if (focused) document.getElementById(focused)?.focus();
    if (found.dataset.say && found.dataset.say !== voice.textContent) voice.textContent = found.dataset.say;
  };

  const ask = async () => {
    let again = true;
    // Nobody looks at a hidden page; a server that does not answer may do so later.
    if (!document.hidden) {
      try {
        const answer = await fetch(part.dataset.poll);
        const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
        if (found) show(found);
        again = Boolean(found?.dataset.poll) || answer.status >= 500;
      } catch {
        again = true;
      }
    }
    if (again) setTimeout(ask, Number(part.dataset.every));
  };
  setTimeout(ask, Number(part.dataset.every));
}
