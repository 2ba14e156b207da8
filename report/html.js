"use strict";
(function () {
  const form = document.getElementById("filter");
  const by = (id) => document.getElementById(id);
  const findings = Array.from(document.querySelectorAll(".finding"));
  const articles = Array.from(document.querySelectorAll("article"));
  function apply() {
    const severity = by("by-severity").value, rule = by("by-rule").value, container = by("by-container").value, accepted = by("accepted").checked;
    let count = 0;
    for (const f of findings) {
      const show = (!severity || f.dataset.severity === severity) && (!rule || f.dataset.rule === rule) && (accepted || f.dataset.status === "open");
      f.hidden = !show;
    }
    for (const a of articles) {
      const mine = Array.from(a.querySelectorAll(".finding")).filter((f) => !f.hidden);
      a.hidden = (container && a.dataset.container !== container) || ((severity || rule) && mine.length === 0);
      if (!a.hidden) count += mine.length;
    }
    by("shown").textContent = count + (count === 1 ? " finding" : " findings");
  }
  // The filter stands in the address behind #, so that a view can be passed on: #severity=high&rule=uid-map&container=web
  const fields = ["severity", "rule", "container"];
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const name of fields) {
    if (wanted.has(name)) by("by-" + name).value = wanted.get(name);
  }
  form.hidden = false;
  form.addEventListener("input", () => {
    const chosen = new URLSearchParams();
    for (const name of fields) {
      if (by("by-" + name).value) chosen.set(name, by("by-" + name).value);
    }
    history.replaceState(null, "", "#" + chosen);
    apply();
  });
  form.addEventListener("submit", (e) => e.preventDefault());
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  apply();
})();
