// Calls of the HTTP API. Errors become an Error whose message is a sentence for a person.

export async function sentenceOf(response) {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) {
    const answer = await response.json().catch(() => null);
    if (answer?.error?.message) return answer.error.message;
  }
  if (type.includes("html")) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const sentence = page.querySelector("main p")?.textContent;
    if (sentence) return sentence;
  }
  return `ProxyPal answered ${response.status} ${response.statusText}.`;
}

async function asked(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new Error("ProxyPal cannot be reached. Is `proxypal serve` still running?");
  }
  if (!response.ok) throw new Error(await sentenceOf(response));
  return response;
}

export async function getText(path, headers = {}) {
  return (await asked(path, { headers })).text();
}

/** Sends a JSON body and gives the decoded answer. */
export async function postJson(path, body = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return (await asked(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** Sends a file as it is and gives the decoded answer. */
export async function postFile(path, file) {
  const headers = { "Content-Type": "application/octet-stream", Accept: "application/json" };
  return (await asked(path, { method: "POST", headers, body: file })).json();
}
