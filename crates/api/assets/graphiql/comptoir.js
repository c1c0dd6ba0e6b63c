// Starts GraphiQL against this server: ready-made operations as tabs, subscriptions over server-sent events.
'use strict';

const ENDPOINT = '/graphql';
const JSON_TYPES = 'application/graphql-response+json, application/json;q=0.9';

// One operation after another, each under a line `# --- Title ---`. A line `# variables: {…}` or `# headers: {…}`
// fills the editor of that name; everything else is the operation.
function tabsOf(text) {
  const pieces = text.split(/^# --- (.+) ---[ \t]*$/m).slice(1);
  const tabs = [];
  for (let at = 0; at < pieces.length; at += 2) {
    const tab = { query: '' };
    const lines = pieces[at + 1].split('\n').filter((line) => {
      const setting = /^# (variables|headers): (.+)$/.exec(line);
      if (setting) tab[setting[1]] = JSON.stringify(JSON.parse(setting[2]), null, 2);
      return !setting;
    });
    tab.query = `# ${pieces[at]}\n${lines.join('\n').trim()}\n`;
    tabs.push(tab);
  }
  return tabs;
}

function isSubscription(parameters, document) {
  const operations = (document?.definitions ?? []).filter((one) => one.kind === 'OperationDefinition');
  const named = operations.find((one) => one.name?.value === parameters.operationName);
  return (named ?? operations[0])?.operation === 'subscription';
}

async function post(parameters, headers, accept, signal) {
  return fetch(ENDPOINT, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept },
    body: JSON.stringify(parameters),
    signal,
  });
}

async function* subscribe(parameters, headers) {
  const controller = new AbortController();
  try {
    const response = await post(parameters, headers, 'text/event-stream', controller.signal);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      yield await response.json();
      return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value;
      const events = buffer.split('\n\n');
      buffer = events.pop();
      for (const event of events) {
        const fields = Object.fromEntries(event.split('\n').map((line) => line.split(/: ?(.*)/s, 2)));
        if (fields.event === 'complete') return;
        if (fields.event === 'next') yield JSON.parse(fields.data);
      }
    }
  } finally {
    controller.abort();
  }
}

function fetcher(parameters, options) {
  const headers = options?.headers ?? {};
  if (isSubscription(parameters, options?.documentAST)) return subscribe(parameters, headers);
  return post(parameters, headers, JSON_TYPES).then((response) => response.json());
}

async function start() {
  const operations = await fetch('/assets/graphiql/operations.graphql');
  const tabs = operations.ok ? tabsOf(await operations.text()) : [];
  const element = React.createElement;
  const logo = element(
    GraphiQL.Logo,
    null,
    element('span', { className: 'comptoir-logo' }, element('img', { src: '/assets/graphiql/favicon.svg', alt: '' }), 'Comptoir'),
  );
  const properties = {
    fetcher,
    defaultTabs: tabs.length > 0 ? tabs : undefined,
    defaultEditorToolsVisibility: tabs[0]?.variables ? 'variables' : true,
    isHeadersEditorEnabled: true,
  };
  ReactDOM.createRoot(document.getElementById('graphiql')).render(element(GraphiQL, properties, logo));
}

start();
