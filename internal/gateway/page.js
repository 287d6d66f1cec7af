"use strict";
// What the page does: send the lines as one batch, show each result as it comes.
const $ = (id) => document.getElementById(id);
let running = null; // AbortController of the batch that is being checked

$("trouble").addEventListener("change", (e) => document.querySelector("table").classList.toggle("trouble", e.target.checked));
$("stop").addEventListener("click", () => running && running.abort());
$("form").addEventListener("submit", (e) => {
  e.preventDefault();
  check($("urls").value.split("\n").map((s) => s.trim()).filter((s) => s && !s.startsWith("#")));
});

async function check(urls) {
  if (running || urls.length === 0) return;
  running = new AbortController();
  $("check").disabled = true;
  $("stop").disabled = false;
  $("results").replaceChildren();
  $("problem").textContent = "";
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  let shown = 0;
  showCounts(counts, shown, urls.length);
  try {
    const headers = { "Content-Type": "application/json", "Accept": "application/x-ndjson" };
    if ($("key").value) headers.Authorization = "Bearer " + $("key").value;
    const answer = await fetch("/check", {
      method: "POST", headers, signal: running.signal, credentials: "omit",
      body: JSON.stringify({ urls, no_cache: $("fresh").checked }),
    });
    if (!answer.ok) throw new Error(await why(answer));
    let whole = false;
    for await (const line of lines(answer.body)) {
      if (line.type === "summary") {
        whole = true;
        const ms = line.duration_ms;
        const took = ms < 1000 ? Math.ceil(ms) + " ms" : (ms / 1000).toFixed(1) + " s";
        $("status").textContent = `Done in ${took}. ${shown} checked: ${sum(counts)}`;
      } else if (line.type === "result") {
        if (line.outcome in counts) counts[line.outcome]++;
        $("results").append(row(line));
        showCounts(counts, ++shown, urls.length);
      }
    }
    if (!whole) throw new Error("The answer broke off.");
  } catch (err) {
    $("problem").textContent = err.name === "AbortError" ? "Stopped." : err.message;
  } finally {
    running = null;
    $("check").disabled = false;
    $("stop").disabled = true;
  }
}

async function why(answer) {
  if (answer.status === 401) $("key").focus();
  try {
    const problem = await answer.json();
    return problem.title + ": " + problem.detail;
  } catch {
    return "The answer was " + answer.status + ".";
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
  }
}

function row(result) {
  const tr = document.createElement("tr");
  tr.className = ["pass", "warn", "fail", "skip"].includes(result.outcome) ? result.outcome : "fail";
  const took = result.timing_ms ? Math.round(result.timing_ms.total) + " ms" : "";
  const reason = [result.reason, result.error].filter(Boolean).join(": ");
  for (const text of [
    result.outcome + (result.cached ? " (cached)" : ""), result.status_code || "", took, result.input || result.url, reason,
  ]) {
    const td = document.createElement("td");
    td.textContent = text; // never as HTML: a URL is a stranger's text
    tr.append(td);
  }
  return tr;
}

function showCounts(counts, shown, all) {
  $("status").textContent = `${shown} of ${all}: ${sum(counts)}`;
}

function sum(counts) {
  const words = { pass: "passed", fail: "failed", warn: "with a warning", skip: "skipped" };
  return Object.entries(words).filter(([outcome]) => counts[outcome] || outcome === "pass").map(([outcome, word]) => counts[outcome] + " " + word).join(", ");
}
