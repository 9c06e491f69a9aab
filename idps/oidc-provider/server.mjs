// A provider as a company would run it on this library: its own sign-in and consent pages, people from settings.json.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Provider from 'oidc-provider';

const settings = JSON.parse(readFileSync(new URL('settings.json', import.meta.url), 'utf8'));
const [hostname, port] = settings.host.split(':');
const present = (...values) => values.filter(Boolean);

const provider = new Provider(settings.base, {
  clients: [{
    client_id: settings.client_id,
    client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_uri],
    post_logout_redirect_uris: present(settings.logout_uri),
    ...(settings.back_channel_uri && {
      backchannel_logout_uri: settings.back_channel_uri,
      backchannel_logout_session_required: true,
    }),
  }],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username'],
    groups: ['groups'],
  },
  cookies: { keys: ['for tests'] },
  fetch: (address, { dispatcher, ...options }) => fetch(address, options), // its own dispatcher refuses the loopback
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  findAccount: (_, id) => {
    const person = settings.people.find((p) => p.id === id);
    return person && {
      accountId: id,
      claims: () => ({ sub: id, ...person, email_verified: true, preferred_username: person.user }),
    };
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
});
provider.on('server_error', (_, err) => console.error(err));
provider.on('backchannel.error', (_, err) => console.error(err));

const login = (notice) => `<p>${notice}</p><form method="post">
  <label>Address <input name="login" type="email"></label>
  <label>Password <input name="password" type="password"></label>
  <button>Sign in</button> <button name="cancel" value="yes">Cancel</button></form>`;
const consent = '<form method="post"><button>Let usher know who I am</button></form>';

function show(res, body) {
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.end(`<!doctype html><title>Sign in</title>${body}`);
}

// The person, whose name and password are right, or what they consented to, which is all that was asked, or that they would
// rather not.
async function answer({ prompt, params, session }, form) {
  if (form.has('cancel')) return { error: 'access_denied', error_description: 'The person cancelled.' };
  if (prompt.name === 'login') {
    const person = settings.people.find((p) => p.user === form.get('login') && p.password === form.get('password'));
    return person && { login: { accountId: person.id } };
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { consent: { grantId: await grant.save() } };
}

async function interact(req, res) {
  const details = await provider.interactionDetails(req, res);
  const page = (notice = '') => show(res, details.prompt.name === 'login' ? login(notice) : consent);
  if (req.method !== 'POST') return page();
  const result = await answer(details, new URLSearchParams(await text(req)));
  if (!result) return page('The address or the password is wrong.');
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

const callback = provider.callback();
createServer((req, res) => {
  if (!req.url.startsWith('/interaction/')) return callback(req, res);
  return interact(req, res).catch((err) => {
    console.error(err);
    res.statusCode = 400;
    res.end('This sign-in is over.');
  });
}).listen(Number(port), hostname);
