"""HOW-TO-OPEN.txt: words for whoever finds a copy, perhaps long after those who knew about it. Part of the format."""

from __future__ import annotations

HOW_TO_OPEN = """\
STANDFAST VAULT, FORMAT 1

ENGLISH
This folder is a copy of what an organisation keeps safe. It is encrypted. It may concern people who would be in
danger if it were read or
lost. If you do not know why you have it, please keep it as it is, and ask the person or organisation that gave it to
you.
It can be opened with enough of the recovery shares (lists of English words, SLIP-39) or with the vault's identity (a
line that begins
AGE-SECRET-KEY-PQ-1). Nothing in this folder opens it. The program is called Standfast: `standfast rebuild --from
FOLDER NEWFOLDER --share FILE`.
Without the program: the formats are public and made of standard parts. packs/ holds files named by their own SHA-256.
Each begins with
"SFPACK01", four bytes of length, and an age file (age-encryption.org, recipient type mlkem768x25519) that holds the
pack's key; the parts are
sealed with AES-256-GCM under keys derived by HKDF-SHA-256; chunks are compressed with zstd. inventory/ lists the
packs. tlog/ is a transparency log
(C2SP tlog-tiles): with the log's public keys in keyring/ anybody can check that nothing was removed or altered,
without reading anything.

FRANÇAIS
Ce dossier est une copie de ce qu'une organisation met à l'abri. Il est chiffré. Il peut concerner des personnes qui
seraient en danger s'il était lu ou
perdu. Si vous ne savez pas pourquoi vous l'avez, gardez-le tel quel et demandez à la personne ou à l'organisation qui
vous l'a confié.
Il s'ouvre avec un nombre suffisant de parts de récupération (listes de mots anglais, SLIP-39) ou avec l'identité du
coffre. Rien dans ce dossier ne l'ouvre.
Le programme s'appelle Standfast. Les formats sont publics ; leur résumé est dans la partie anglaise.

ESPAÑOL
Esta carpeta es una copia de lo que una organización pone a salvo. Está cifrada. Puede referirse a personas que
correrían peligro si se leyera o
se perdiera. Si no sabe por qué la tiene, consérvela tal como está y pregunte a la persona u organización que se la
entregó.
Se abre con un número suficiente de partes de recuperación (listas de palabras inglesas, SLIP-39) o con la identidad
de la bóveda. Nada de lo que hay en esta carpeta la abre.
El programa se llama Standfast. Los formatos son públicos; su resumen está en la parte inglesa.

العربية
هذا المجلد نسخة مما تحفظه منظمة في مكان آمن. محتواه مشفّر، وقد يتعلق بأشخاص يتعرضون للخطر إذا قُرئ أو فُقد.
إن كنت لا تعرف سبب وجوده لديك فاحتفظ به كما هو واسأل الشخص أو المنظمة التي سلّمتك إياه.
يُفتح بعدد كافٍ من حصص الاسترداد (قوائم كلمات إنجليزية، SLIP-39) أو بمفتاح القراءة الخاص بالخزنة. لا شيء في هذا المجلد
يفتحه.
اسم البرنامج Standfast. الصيغ علنية، وملخصها في القسم الإنجليزي.
""".encode()
