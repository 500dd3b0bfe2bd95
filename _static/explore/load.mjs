// Fetches the explorables once the reader comes near the first of them, or a link names one.
const boxes = [...document.querySelectorAll(".explorable")];
const address = new URL("explore.js", document.currentScript.src);
const isNamed = () => boxes.some((box) => location.hash.split("&")[0] === `#${box.id}`);

const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), { rootMargin: "900px" });
const follow = () => isNamed() && load();

function load() {
  observer.disconnect();
  removeEventListener("hashchange", follow);
  const script = Object.assign(document.createElement("script"), { src: address });
  script.onerror = () => boxes.forEach((box) => box.classList.add("failed")); // the figure below takes its place again
  document.head.append(script);
}

if (isNamed()) load();
else {
  for (const box of boxes) observer.observe(box);
  addEventListener("hashchange", follow);
}
