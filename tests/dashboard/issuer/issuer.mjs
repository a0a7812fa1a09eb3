// A certified OpenID provider on this machine: whoever logs in as `ann:platform+partner:acme` has these groups.
import { Provider } from 'oidc-provider';

const [port, redirectUri, where] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'dashboard', client_secret: 'a-secret-of-the-client', redirect_uris: [redirectUri] }],
  claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
  conformIdTokenClaims: where === 'userinfo',
  pkce: { required: () => true },
  scopes: ['openid', 'profile', 'email', 'groups'],
  findAccount: async (_, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      email: `${id.split(':')[0]}@example.com`,
      email_verified: !id.startsWith('mallory'),
      groups: id.split(':').slice(1).join(':').split('+').filter(Boolean),
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
