//! A JAAS file with Kerberos, in a build without it.

use super::fails;
use crate::support::shell::bare;

#[test]
fn a_jaas_file_with_kerberos_names_the_build_that_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let jaas = write(
        "jaas.conf",
        "Client { com.sun.security.auth.module.Krb5LoginModule required useTicketCache=true; };",
    );
    let properties = write(
        "client.properties",
        &format!("java.security.auth.login.config={jaas}\nzookeeper.client.secure=false\n"),
    );
    let shell = bare().args(["-server", "127.0.0.1:1", "-client-configuration", &properties]);
    let wanted = "jaas.conf: Client: this zksh was built without Kerberos; one built with \
                  --features kerberos reads Krb5LoginModule";
    fails(shell, 2, wanted);
}
