// What mailparser reads in files of mails, an object each, in their order.
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";

const mails = process.argv.slice(2).map(async (path) => {
  const { headers, text, html, attachments } = await simpleParser(readFileSync(path));
  const files = attachments.map(({ filename, contentType, content }) => [filename, contentType, `${content}`]);
  return { headers: Object.fromEntries(headers), text, html, files };
});
process.stdout.write(JSON.stringify(await Promise.all(mails)));
