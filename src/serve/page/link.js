// What the page shows, in the part of its address that is never sent: `#tab=check&network=…&claim=…&derive.detail=full`.

/** The fragment of an address for what is named here. */
export function written({ tab, network, claim, options }) {
  const parameters = new URLSearchParams();
  if (tab !== undefined) parameters.set("tab", tab);
  for (const [question, changes] of Object.entries(options)) {
    for (const [name, value] of Object.entries(changes)) parameters.set(`${question}.${name}`, value);
  }
  if (network !== undefined) parameters.set("network", network);
  if (claim) parameters.set("claim", claim);
  return parameters.toString();
}

/** What a fragment names. */
export function read(fragment) {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  const options = {};
  for (const [name, value] of parameters) {
    const [question, option] = name.split(".", 2);
    if (option !== undefined) (options[question] ??= {})[option] = value;
  }
  return {
    tab: parameters.get("tab") ?? undefined,
    network: parameters.get("network") ?? undefined,
    claim: parameters.get("claim") ?? "",
    options,
  };
}
