import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.tsp.ArchiveTimeStamp;
import org.bouncycastle.asn1.tsp.ArchiveTimeStampChain;
import org.bouncycastle.asn1.tsp.EvidenceRecord;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

/**
 * Checks evidence records (RFC 4998) with Bouncy Castle: the records' own links by its ERS classes, every token by its
 * TSP classes, every chain to the roots by the Java platform. Standard input: `record TAB file TAB roots.pem`, a line
 * each; standard output: a line each, `ok` and the oldest time in seconds since 1970, or `rejected` and the reason.
 */
public final class CheckEvidenceRecord {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            String[] paths = line.split("\t");
            try {
                long time = check(read(paths[0]), read(paths[1]), read(paths[2]));
                System.out.println("ok " + time);
            } catch (Exception | StackOverflowError | AssertionError why) {
                System.out.println("rejected " + String.valueOf(why).replace('\n', ' '));
            }
        }
    }

    private static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Paths.get(path));
    }

    private static long check(byte[] record, byte[] file, byte[] roots) throws Exception {
        ERSEvidenceRecord whole =
            new ERSEvidenceRecord(record, new JcaDigestCalculatorProviderBuilder().setProvider("BC").build());
        // The links: the file below the first stamp of the newest chain, each stamp below the next one.
        whole.validatePresent(new ERSByteData(file), new Date(Long.MAX_VALUE / 2));
        X509CertificateHolder newest = whole.getSigningCertificate();
        whole.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(newest));
        // The tokens.
        EvidenceRecord form = EvidenceRecord.getInstance(ASN1Primitive.fromByteArray(record));
        long oldest = -1;
        TimeStampToken before = null;
        boolean first = true;
        for (ArchiveTimeStampChain chain : form.getArchiveTimeStampSequence().getArchiveTimeStampChains()) {
            for (ArchiveTimeStamp stamp : chain.getArchiveTimestamps()) {
                TimeStampToken token = new TimeStampToken(stamp.getTimeStamp());
                Date time = token.getTimeStampInfo().getGenTime();
                verifyToken(token, time, roots);
                if (before != null) {
                    if (before.getTimeStampInfo().getGenTime().after(time)) {
                        throw new Exception("a renewal is earlier than what it renews");
                    }
                    verifyToken(before, time, roots);
                }
                if (first) {
                    // Bouncy Castle looks for the file in the newest chain; the oldest stamp is looked at here.
                    byte[] digest = java.security.MessageDigest.getInstance(
                        token.getTimeStampInfo().getMessageImprintAlgOID().getId(), "BC").digest(file);
                    if (stamp.getReducedHashTree() == null
                        && !java.util.Arrays.equals(digest, token.getTimeStampInfo().getMessageImprintDigest())) {
                        throw new Exception("the oldest stamp is over another file");
                    }
                    oldest = time.getTime() / 1000;
                    first = false;
                }
                before = token;
            }
        }
        return oldest;
    }

    @SuppressWarnings("unchecked")
    private static void verifyToken(TimeStampToken token, Date time, byte[] roots) throws Exception {
        JcaX509CertificateConverter convert = new JcaX509CertificateConverter().setProvider("BC");
        List<X509Certificate> sent = new ArrayList<>();
        for (Object each : token.getCertificates().getMatches(null)) {
            sent.add(convert.getCertificate((X509CertificateHolder) each));
        }
        X509CertificateHolder signer =
            (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(signer));
        Set<TrustAnchor> anchors = new HashSet<>();
        for (Object each : CertificateFactory.getInstance("X.509", "BC")
            .generateCertificates(new ByteArrayInputStream(roots))) {
            anchors.add(new TrustAnchor((X509Certificate) each, null));
        }
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(convert.getCertificate(signer));
        PKIXBuilderParameters rules = new PKIXBuilderParameters(anchors, target);
        rules.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(sent)));
        rules.setRevocationEnabled(false);
        rules.setDate(time);
        CertPathBuilder.getInstance("PKIX").build(rules);
    }
}
