// @signpdf with its placeholder for any PDF, and its signer of PKCS#12.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { createRequire } from 'node:module';
import { plainAddPlaceholder } from '@signpdf/placeholder-plain';
import { P12Signer } from '@signpdf/signer-p12';
import { SignPdf } from '@signpdf/signpdf';

const [keys, passphrase] = process.argv.slice(2);
const signpdf = new SignPdf();
const p12 = fs.readFileSync(path.join(keys, 'person.p12'));
const { version } = createRequire(import.meta.url)('@signpdf/signpdf/package.json');
console.log(`@signpdf ${version}`);

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [source, target] = line.split('\t');
  try {
    const pdfBuffer = plainAddPlaceholder({
      pdfBuffer: fs.readFileSync(source),
      reason: '', contactInfo: '', name: '', location: '',
      signatureLength: 16384,
    });
    // A signer reads its PKCS#12 when it signs, and can do so once.
    const signer = new P12Signer(p12, { passphrase });
    fs.writeFileSync(target, await signpdf.sign(pdfBuffer, signer));
  } catch (fault) {
    console.log(String(fault).replace(/\n/g, ' ').slice(0, 200));
    continue;
  }
  console.log('signed');
}
