// PDFBox with BouncyCastle: an incremental save, and a CMS with signing-certificate-v2.

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Hashtable;
import org.apache.pdfbox.io.MemoryUsageSetting;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.SignatureInterface;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.SignatureOptions;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAttributeTableGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSTypedData;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class PdfBoxPeer implements SignatureInterface {
    private final PrivateKey key;
    private final Certificate[] chain;

    PdfBoxPeer(String keys, String passphrase) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream read = new FileInputStream(keys + "/person.p12")) {
            store.load(read, passphrase.toCharArray());
        }
        String alias = store.aliases().nextElement();
        key = (PrivateKey) store.getKey(alias, passphrase.toCharArray());
        chain = store.getCertificateChain(alias);
    }

    @Override
    public byte[] sign(InputStream content) throws IOException {
        try {
            X509Certificate own = (X509Certificate) chain[0];
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(own.getEncoded());
            Hashtable<ASN1ObjectIdentifier, Attribute> bound = new Hashtable<>();
            bound.put(PKCSObjectIdentifiers.id_aa_signingCertificateV2, new Attribute(
                    PKCSObjectIdentifiers.id_aa_signingCertificateV2,
                    new DERSet(new SigningCertificateV2(new ESSCertIDv2(digest)))));
            DefaultSignedAttributeTableGenerator usual =
                    new DefaultSignedAttributeTableGenerator(new AttributeTable(bound));
            CMSAttributeTableGenerator attributes =
                    given -> usual.getAttributes(given).remove(CMSAttributes.signingTime);
            CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
            generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(
                    new JcaDigestCalculatorProviderBuilder().build())
                    .setSignedAttributeGenerator(attributes)
                    .build(new JcaContentSignerBuilder("SHA256withRSA").build(key), own));
            generator.addCertificates(new JcaCertStore(Arrays.asList(chain)));
            return generator.generate(new Streamed(content), false).getEncoded();
        } catch (Exception fault) {
            throw new IOException(fault);
        }
    }

    private void sign(String source, String target) throws Exception {
        try (PDDocument document = PDDocument.load(
                        new File(source), MemoryUsageSetting.setupTempFileOnly());
                OutputStream written = new FileOutputStream(target);
                SignatureOptions options = new SignatureOptions()) {
            PDSignature signature = new PDSignature();
            signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
            signature.setSubFilter(PDSignature.SUBFILTER_ETSI_CADES_DETACHED);
            signature.setSignDate(Calendar.getInstance());
            options.setPreferredSignatureSize(16384);
            document.addSignature(signature, this, options);
            document.saveIncremental(written);
        }
    }

    public static void main(String[] arguments) throws Exception {
        PdfBoxPeer peer = new PdfBoxPeer(arguments[0], arguments[1]);
        String version = org.apache.pdfbox.util.Version.getVersion();
        System.out.println("PDFBox " + version + ", Java " + System.getProperty("java.version"));
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = asked.readLine()) != null; ) {
            String[] paths = line.split("\t");
            try {
                peer.sign(paths[0], paths[1]);
            } catch (Exception fault) {
                System.out.println(String.valueOf(fault).replace('\n', ' '));
                continue;
            }
            System.out.println("signed");
        }
    }

    /** Content that is hashed as it is read, instead of being held. */
    private static class Streamed implements CMSTypedData {
        private final InputStream content;

        Streamed(InputStream content) {
            this.content = content;
        }

        @Override
        public ASN1ObjectIdentifier getContentType() {
            return PKCSObjectIdentifiers.data;
        }

        @Override
        public Object getContent() {
            return content;
        }

        @Override
        public void write(OutputStream out) throws IOException, CMSException {
            content.transferTo(out);
        }
    }
}
