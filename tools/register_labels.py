"""Identifiers and names of those who are no State in the drafts, for `register_from_drafts.py`.

Names in Arabic, French and Spanish are the organisations' own where they use one, else our transliteration or
translation; like every row of the drafts they wait for a second reader.
"""

from __future__ import annotations

# draft name: (id, kind, ar, fr, es)
SUBJECTS: dict[str, tuple[str, str, str, str, str]] = {
    "Fatou Bensouda": ("bensouda", "person", "فاتو بنسودا", "", ""),
    "Phakiso Mochochoko": ("mochochoko", "person", "فاكيسو موتشوتشوكو", "", ""),
    "Karim A. A. Khan": ("karim-khan", "person", "كريم أ. أ. خان", "", ""),
    "Solomy Balungi Bossa": ("bossa", "person", "سولومي بالونغي بوسا", "", ""),
    "Luz del Carmen Ibáñez Carranza": ("ibanez-carranza", "person", "لوز ديل كارمن إيبانييث كارانثا", "", ""),
    "Reine Adélaïde Sophie Alapini-Gansou": ("alapini-gansou", "person", "رين أديلاييد صوفي ألابيني غانسو", "", ""),
    "Beti Hohler": ("hohler", "person", "بيتي هولر", "", ""),
    "Francesca Albanese": ("albanese", "person", "فرانشيسكا ألبانيزي", "", ""),
    "Kimberly Prost": ("prost", "person", "كيمبرلي بروست", "", ""),
    "Nicolas Guillou": ("guillou", "person", "نيكولا غيو", "", ""),
    "Nazhat Shameem Khan": ("shameem-khan", "person", "نزهت شميم خان", "", ""),
    "Mame Mandiaye Niang": ("niang", "person", "مام ماندياي نيانغ", "", ""),
    "Gocha Lordkipanidze": ("lordkipanidze", "person", "غوتشا لوردكيبانيدزه", "", ""),
    "Erdenebalsuren Damdin": ("damdin", "person", "إردينيبالسورين دامدين", "", ""),
    "Rosario Salvatore Aitala": ("aitala", "person", "روزاريو سالفاتوري أيتالا", "", ""),
    "Tomoko Akane": ("akane", "person", "توموكو أكاني", "", ""),
    "Piotr Hofmański": ("hofmanski", "person", "بيوتر هوفمانسكي", "", ""),
    "Bertram Schmitt": ("schmitt", "person", "برترام شميت", "", ""),
    "Sergio Gerardo Ugalde Godínez": ("ugalde-godinez", "person", "سيرخيو خيراردو أوغالدي غودينيث", "", ""),
    "Haykel Ben Mahfoudh": ("ben-mahfoudh", "person", "هيكل بن محفوظ", "", ""),
    "Al-Haq": ("al-haq", "organisation", "مؤسسة الحق", "", ""),
    "Al Mezan Center for Human Rights": (
        "al-mezan", "organisation", "مركز الميزان لحقوق الإنسان",
        "Centre Al Mezan pour les droits humains", "Centro Al Mezan de Derechos Humanos",
    ),
    "Palestinian Centre for Human Rights": (
        "pchr", "organisation", "المركز الفلسطيني لحقوق الإنسان",
        "Centre palestinien pour les droits humains", "Centro Palestino de Derechos Humanos",
    ),
    "Addameer Prisoner Support and Human Rights Association": (
        "addameer", "organisation", "مؤسسة الضمير لرعاية الأسير وحقوق الإنسان",
        "Addameer, association de soutien aux prisonniers et de défense des droits humains",
        "Addameer, Asociación de Apoyo a los Presos y de Derechos Humanos",
    ),
    "Bisan Center for Research and Development": (
        "bisan", "organisation", "مركز بيسان للبحوث والإنماء",
        "Centre Bisan pour la recherche et le développement", "Centro Bisan de Investigación y Desarrollo",
    ),
    "Defense for Children International - Palestine": (
        "dcip", "organisation", "الحركة العالمية للدفاع عن الأطفال – فلسطين",
        "Défense des Enfants International – Palestine", "Defensa de Niñas y Niños Internacional – Palestina",
    ),
    "Union of Agricultural Work Committees": (
        "uawc", "organisation", "اتحاد لجان العمل الزراعي",
        "Union des comités de travail agricole", "Unión de Comités de Trabajo Agrícola",
    ),
    "Union of Palestinian Women's Committees": (
        "upwc", "organisation", "اتحاد لجان المرأة الفلسطينية",
        "Union des comités de femmes palestiniennes", "Unión de Comités de Mujeres Palestinas",
    ),
    "Health Work Committees": (
        "hwc", "organisation", "مؤسسة لجان العمل الصحي",
        "Comités de travail pour la santé", "Comités de Trabajo para la Salud",
    ),
    "Amnesty International": ("amnesty", "organisation", "منظمة العفو الدولية", "", "Amnistía Internacional"),
    "Human Rights Watch": ("hrw", "organisation", "هيومن رايتس ووتش", "", ""),
    "International Federation for Human Rights (FIDH)": (
        "fidh", "organisation", "الفدرالية الدولية لحقوق الإنسان",
        "Fédération internationale pour les droits humains (FIDH)",
        "Federación Internacional por los Derechos Humanos (FIDH)",
    ),
    "International Commission of Jurists": (
        "icj-jurists", "organisation", "اللجنة الدولية للحقوقيين",
        "Commission internationale de juristes", "Comisión Internacional de Juristas",
    ),
    "International Criminal Court": (
        "icc", "body", "المحكمة الجنائية الدولية", "Cour pénale internationale", "Corte Penal Internacional",
    ),
    "93 States Parties (group)": (
        "group-93-states", "body", "93 دولة طرفا (مجموعة)", "93 États parties (groupe)", "93 Estados Partes (grupo)",
    ),
    "European Union": ("eu", "body", "الاتحاد الأوروبي", "Union européenne", "Unión Europea"),
    "European Union (High Representative)": (
        "eu-high-representative", "body", "الاتحاد الأوروبي (الممثل السامي)",
        "Union européenne (haut représentant)", "Unión Europea (Alto Representante)",
    ),
    "European Union (Commission and Council presidents, High Representative)": (
        "eu-presidents", "body", "الاتحاد الأوروبي (رئيسا المفوضية والمجلس، والممثل السامي)",
        "Union européenne (présidents de la Commission et du Conseil, haut représentant)",
        "Unión Europea (presidentes de la Comisión y del Consejo, Alto Representante)",
    ),
    "European Commission": ("eu-commission", "body", "المفوضية الأوروبية", "Commission européenne", "Comisión Europea"),
    "Presidency of the Assembly of States Parties": (
        "asp-presidency", "body", "رئاسة جمعية الدول الأطراف",
        "Présidence de l’Assemblée des États Parties", "Presidencia de la Asamblea de los Estados Partes",
    ),
    "UN High Commissioner for Human Rights": (
        "un-high-commissioner", "body", "مفوض الأمم المتحدة السامي لحقوق الإنسان",
        "Haut-Commissaire des Nations Unies aux droits de l’homme",
        "Alto Comisionado de las Naciones Unidas para los Derechos Humanos",
    ),
    "UN Human Rights Office": (
        "un-human-rights-office", "body", "مكتب الأمم المتحدة لحقوق الإنسان",
        "Bureau des droits de l’homme de l’ONU", "Oficina de Derechos Humanos de la ONU",
    ),
    "UN Special Rapporteur on the independence of judges and lawyers": (
        "un-sr-judges", "body", "مقررة الأمم المتحدة الخاصة المعنية باستقلال القضاة والمحامين",
        "Rapporteuse spéciale de l’ONU sur l’indépendance des juges et des avocats",
        "Relatora Especial de la ONU sobre la independencia de los magistrados y abogados",
    ),
    "UN human rights experts": (
        "un-experts", "body", "خبراء الأمم المتحدة المعنيون بحقوق الإنسان",
        "Experts des droits de l’homme de l’ONU", "Expertos de la ONU en derechos humanos",
    ),
    "Bureau of the UN Committee on the Rights of the Palestinian People": (
        "un-palestinian-rights-bureau", "body",
        "مكتب لجنة الأمم المتحدة المعنية بممارسة الشعب الفلسطيني لحقوقه غير القابلة للتصرف",
        "Bureau du Comité de l’ONU pour l’exercice des droits du peuple palestinien",
        "Mesa del Comité de la ONU para el Ejercicio de los Derechos del Pueblo Palestino",
    ),
    "De facto authorities of Afghanistan": (
        "afghanistan-de-facto", "body", "سلطات الأمر الواقع في أفغانستان",
        "Autorités de facto de l’Afghanistan", "Autoridades de facto del Afganistán",
    ),
    "United States": ("us", "authority", "الولايات المتحدة", "États-Unis", "Estados Unidos"),
    "United States (District Court for the District of Columbia)": (
        "us-district-court", "authority", "الولايات المتحدة (المحكمة الاتحادية في مقاطعة كولومبيا)",
        "États-Unis (tribunal fédéral du district de Columbia)",
        "Estados Unidos (Tribunal Federal del Distrito de Columbia)",
    ),
    "Israel": ("il", "authority", "إسرائيل", "Israël", "Israel"),
    "Israel (Minister of Defence)": (
        "il-defence", "authority", "إسرائيل (وزير الدفاع)",
        "Israël (ministre de la Défense)", "Israel (Ministro de Defensa)",
    ),
    "Israel (military commander, West Bank)": (
        "il-military", "authority", "إسرائيل (القائد العسكري في الضفة الغربية)",
        "Israël (commandant militaire, Cisjordanie)", "Israel (comandante militar, Cisjordania)",
    ),
    "Israeli army": ("il-army", "authority", "الجيش الإسرائيلي", "Armée israélienne", "Ejército israelí"),
    "Russian Federation (Interior Ministry)": (
        "ru-interior", "authority", "الاتحاد الروسي (وزارة الداخلية)",
        "Fédération de Russie (ministère de l’Intérieur)", "Federación de Rusia (Ministerio del Interior)",
    ),
    "Russian Federation (Moscow City Court)": (
        "ru-moscow-court", "authority", "الاتحاد الروسي (محكمة مدينة موسكو)",
        "Fédération de Russie (tribunal municipal de Moscou)", "Federación de Rusia (Tribunal Municipal de Moscú)",
    ),
    "Russian Federation (Prosecutor General)": (
        "ru-prosecutor", "authority", "الاتحاد الروسي (النائب العام)",
        "Fédération de Russie (procureur général)", "Federación de Rusia (Fiscal General)",
    ),
    "Russian authorities": ("ru", "authority", "السلطات الروسية", "Autorités russes", "Autoridades rusas"),
    "Google (YouTube)": ("google", "authority", "غوغل (يوتيوب)", "", ""),
    "Microsoft": ("microsoft", "authority", "مايكروسوفت", "", ""),
    "banks, not named": ("banks", "authority", "مصارف لم تُسمَّ", "banques non nommées", "bancos no nombrados"),
    "card issuers, Amazon": (
        "card-issuers", "authority", "جهات إصدار البطاقات وأمازون",
        "émetteurs de cartes, Amazon", "emisores de tarjetas, Amazon",
    ),
    "not attributed": ("not-attributed", "authority", "لم يُنسب إلى أحد", "non attribué", "sin atribuir"),
}

COUNTRY_OF = {"us": "USA", "il": "ISR", "ru": "RUS"}
"""Start of an authority's id, and the State that it acts for."""

SAME = {
    "Karim A. A. Khan (official mailbox)": "Karim A. A. Khan",
    "Amnesty International Limited": "Amnesty International",
}
"""Draft names that mean a subject above; the draft's wording is kept in the claim's note."""

# States that act or react and were never a party: iso3, iso2, en, ar, fr, es
OTHER_STATES = (
    ("ISR", "IL", "Israel", "إسرائيل", "Israël", "Israel"),
    ("USA", "US", "United States of America", "الولايات المتحدة الأمريكية", "États-Unis d’Amérique", "Estados Unidos de América"),
)
