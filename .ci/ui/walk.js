#!/usr/bin/env node
// Walks through the main task of each of the four profiles with a real browser, with
// and without JavaScript, as a person would: by links, labels and buttons only.
// usage: node walk.js BASE   (a node with the sample contracts)
'use strict';
const fs = require('fs');
const { chromium } = require('playwright-core');
const base = process.argv[2];
const exe = process.env.CHROMIUM || ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(f => fs.existsSync(f));

const expect = (ok, what) => { if (!ok) throw new Error(what); };
const go = async (page, path) => { const r = await page.goto(base + path); expect(r.status() === 200, `${path}: ${r.status()}`); };
const heading = page => page.locator('h1').innerText();

const walks = {
  'a company finds what ends soon, narrows it and downloads it': async page => {
    await go(page, '/');
    await page.getByRole('link', { name: 'En chiffres' }).first().click();
    await page.getByRole('link', { name: 'Je suis une entreprise' }).click();
    await page.getByLabel('Domaine (CPV)').selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Afficher' }).click();
    expect(page.url().includes('cpv='), 'the field is not in the address');
    await go(page, '/profils/entreprise');
    await page.getByRole('heading', { name: 'Contrats qui finissent, mois par mois' }).or(page.getByRole('heading', { name: 'Finissent bientôt' })).first().waitFor();
    await page.getByRole('link', { name: 'voir ces contrats' }).click();
    expect(await heading(page) === 'Marchés et concessions', 'the contracts are not listed');
    const href = await page.getByRole('link', { name: /^CSV/ }).getAttribute('href');
    const file = await page.request.get(new URL(href, page.url()).href);
    expect(file.status() === 200 && (await file.text()).startsWith('uid,'), 'the CSV is not there');
  },
  'a company searches by words and takes a filter away': async page => {
    await go(page, '/marches');
    await page.getByLabel('Chercher des marchés').fill('travaux');
    await page.getByRole('button', { name: 'Chercher' }).click();
    const found = await page.getByRole('status').innerText();
    expect(/^[1-9]/.test(found), `nothing is found: ${found}`);
    await page.getByRole('link', { name: /Texte\s: travaux/ }).click();
    expect(!page.url().includes('q='), 'the filter is still there');
    await page.locator('tbody a').first().click();
    expect((await heading(page)).length > 0, 'the contract has no page');
  },
  'a buyer sees its contracts, what to mend and who has the same needs': async page => {
    const answer = await (await page.request.get(base + '/api/v1/facets?facets=buyer')).json();
    await go(page, '/profils/acheteur');
    await page.getByLabel(/SIRET de l’acheteur/).fill(answer.facets.buyer[0].code);
    await page.getByRole('button', { name: 'Afficher' }).click();
    for (const name of ['À corriger', 'Finissent bientôt', 'Mêmes besoins chez d’autres acheteurs', 'Par année']) await page.getByRole('heading', { name, exact: true }).waitFor();
    await page.getByRole('link', { name: 'La page de cet acheteur' }).click();
    expect(page.url().includes('/acheteurs/'), 'the buyer has no page');
  },
  'an elected official compares a territory': async page => {
    await go(page, '/profils/elu');
    await page.getByLabel(/Nom ou code du territoire/).fill('bretagne');
    await page.getByRole('button', { name: 'Afficher' }).click();
    await page.getByRole('link', { name: 'Bretagne (région, 53)' }).click(); // two communes have the name too
    expect(await heading(page) === 'Bretagne', `the page of ${await heading(page)}`);
    await page.getByRole('heading', { name: 'Comparaison' }).waitFor();
    expect(await page.locator('#compared ~ table th[scope=col]').count() >= 3, 'nothing to compare with');
  },
  'a citizen reads sentences and keeps a picture': async page => {
    await go(page, '/profils/citoyen');
    expect(await page.locator('.sentences p').count() >= 2, 'no sentences');
    const href = await page.getByRole('link', { name: /Image SVG/ }).first().getAttribute('href');
    const picture = await page.request.get(new URL(href, page.url()).href);
    expect(picture.headers()['content-type'] === 'image/svg+xml', 'no picture');
    await page.getByRole('link', { name: 'adresse pour un cadre (iframe)' }).click();
    expect(await page.locator('nav').count() === 0, 'the frame has a head');
  },
  'a developer tries the API': async page => {
    await go(page, '/api');
    await page.getByText('Essayer : Chercher des contrats').click();
    await page.locator('#listContracts-cpv').fill('');
    await page.locator('form:has(#listContracts-cpv)').getByRole('button').click();
    expect(page.url().includes('/api/v1/contracts'), page.url());
  },
  'everything is reached by keyboard': async page => {
    await go(page, '/marches');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement.className) === 'skip', 'the first stop is not the link to the content');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    expect(outline !== 'none', 'the focus does not show');
  },
};

(async () => {
  const browser = await chromium.launch({ executablePath: exe, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  let bad = 0;
  for (const javaScriptEnabled of [true, false]) for (const [name, walk] of Object.entries(walks)) {
    if (!javaScriptEnabled && name.includes('keyboard')) continue; // it asks the page by a script
    const context = await browser.newContext({ locale: 'fr-FR', javaScriptEnabled, viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(15000);
    const foreign = [];
    page.on('request', r => { if (new URL(r.url()).origin !== new URL(base).origin && /^http/.test(r.url())) foreign.push(r.url()); });
    try {
      await walk(page);
      expect((await context.cookies()).length === 0, 'a reader was given a cookie');
      expect(foreign.length === 0, `another host is asked: ${foreign[0]}`);
      console.log(`ok   ${name}${javaScriptEnabled ? '' : ' (no JavaScript)'}`);
    } catch (e) {
      bad++;
      console.log(`FAIL ${name}${javaScriptEnabled ? '' : ' (no JavaScript)'}: ${e.message.split('\n')[0]}`);
    }
    await context.close();
  }
  await browser.close();
  process.exit(bad ? 1 : 0);
})();
