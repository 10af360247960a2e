import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.security.MessageDigest;
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
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * Bouncy Castle's word on time-stamps. A line of input: message, response, signer, others, root in base64, apart by a
 * space, others apart by commas. A line of output: "ok" and the time, or "no" and why.
 */
public final class CheckTimeStamp {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String said;
            try {
                said = "ok " + check(line.split(" "));
            } catch (Exception | LinkageError why) {
                said = "no " + String.valueOf(why.getMessage()).replace('\n', ' ');
            }
            System.out.println(said);
        }
    }

    private static byte[] raw(String text) {
        return Base64.getDecoder().decode(text);
    }

    private static X509Certificate certificate(byte[] der) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC")
                .generateCertificate(new ByteArrayInputStream(der));
    }

    private static long check(String[] parts) throws Exception {
        TimeStampResponse response = new TimeStampResponse(raw(parts[1]));
        TimeStampToken token = response.getTimeStampToken();
        if (token == null) {
            throw new Exception("no token");
        }
        byte[] imprint = MessageDigest.getInstance("SHA-512").digest(raw(parts[0]));
        if (!Arrays.equals(imprint, token.getTimeStampInfo().getMessageImprintDigest())) {
            throw new Exception("another imprint");
        }
        byte[] signer = raw(parts[2]);
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC")
                .build(new X509CertificateHolder(signer)));
        List<X509Certificate> others = new ArrayList<>();
        others.add(certificate(signer));
        for (String each : parts[3].split(",")) {
            others.add(certificate(raw(each)));
        }
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(others.get(0));
        PKIXBuilderParameters path = new PKIXBuilderParameters(
                Collections.singleton(new TrustAnchor(certificate(raw(parts[4])), null)), target);
        path.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(others), "BC"));
        path.setRevocationEnabled(false);
        path.setDate(token.getTimeStampInfo().getGenTime());
        CertPathBuilder.getInstance("PKIX", "BC").build(path);
        return token.getTimeStampInfo().getGenTime().getTime() / 1000;
    }
}
