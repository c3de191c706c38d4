"""Words of several languages, each as the English words that the rules know.

A name is read through this map first, so that a rule says ``first name`` once and finds ``vorname``, ``prenom``,
``fname`` and ``GivenName``. Plurals need no entry. Accents are gone before a word is looked up here.
"""

from __future__ import annotations

from typing import Final


def _map(text: str) -> dict[str, tuple[str, ...]]:
    """``meaning: word word`` lines as ``{word: (meaning, …)}``."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        meaning, _, words = line.partition(":")
        for word in words.split():
            found[word] = tuple(meaning.split())
    return found


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: A foreign, abbreviated or run-together word, and the words that it stands for.
MEANINGS: Final = _map(
    """
first name: fname firstname forename givenname vorname vornamen prenom nombres imie fornavn fornamn voornaam
first name: etunimi givenname
first name: namefirst firstnm frstname prenume keresztnev krestni jmeno
last name: lname lastname surname familyname nachname familienname apellido apellidos cognome sobrenome
last name: nazwisko etternavn efternamn
last name: achternaam sukunimi lastnm namelast zuname nachnamen efternavn apell prijmeni
middle name: mname middlename mi middleinitial patronymic secondname otherstvo zweitname
maiden name: maidenname geburtsname madchenname
full name: nombrecompleto nomecompleto nomecognome fullname realname screenname personname
full name: contactname legalname wholename nomcomplet
full name: vollname holdername
full name: cardholder cardholdername accountholder kontoinhaber karteninhaber titulaire titular intestatario
full name: nomprenom prenomnom ansprechpartner nameoncard kundenname benutzeranzeige
display name: displayname
name: nom nombre nome naam navn namn nazwa nimi bezeichnung
user name: username uname loginname userlogin logon logonname benutzername nutzername nomutilisateur identifiant
user name: nickname nick screennm handle benutzerkennung kennung gebruikersnaam nazwauzytkownika
email: mail emailaddr emailaddress emailadresse courriel mel correo correoelectronico eml mailaddress
email: mailadresse epost
email: mailaddr emladdr mailid useremail contactemail useremailaddress
phone: telephone tel telefon telefono telefone teléfono phonenumber phoneno phonenum telno telnr telefonnummer
phone: telephonenumber
phone: rufnummer mobile mobil movil cell cellphone mobilephone mobileno mobilenumber handy handynummer gsm
phone: msisdn celular
phone: cellulare puhelin telnum tlf tlfn phonenr homephone workphone festnetz whatsapp telefoonnummer telefoon
phone: telefonszam
phone: faxnumber fax telefax faxno faxnr portabletel pager cellno contactno contactnumber
birth date: dob birthdate birthday birthdt dateofbirth geburtsdatum geburtstag gebdatum gebdat geb gebtag
birth date: datenaissance fechanacimiento
birth date: datanascimento datanascita nacimiento naissance nascita nascimento fodselsdato fodelsedatum
birth date: geboortedatum birthyear
birth date: ddn fnac fecnac nac nasc geburtsjahr bday birthmonth urodzenia narozeni dtnasc
birth place: birthplace placeofbirth geburtsort lieunaissance lugarnacimiento
postcode: zip zipcode postalcode plz postleitzahl codepostal codigopostal cep postnummer pincode postnr postal
postcode: zip4 postcode
postcode: zipplus cpostal codpostal pcode kodpocztowy postkode irsz zipcd eircode
street: strasse strnr rue calle rua ulica gata gade straat strassenname strassennr streetname addressline
street: addrline streetaddress
street: hausnummer hausnr hsnr housenumber housenum houseno streetnumber streetno numerocalle apartment apt
street: unitno suite flatno avenue
street: colonia neighborhood neighbourhood bairro barrio quartier
address: addr adresse anschrift direccion endereco indirizzo domicilio adres adress add1 add2 addr1 addr2
address: address1 address2 wohnadresse
address: lieferadresse rechnungsadresse homeaddress mailingaddress billingaddress shippingaddress residence
address: dwelling
city: town ort stadt ville ciudad cidade citta wohnort municipio localidad commune comune miasto stad plaats
city: suburb kommune poblacion
city: gemeinde locality village hometown cty
region: province county bundesland kanton departement provincia estado voivodeship prefecture prov regione
country: land pays pais paese
latitude: lat
longitude: lng lon
ip: ipaddr ipaddress ipadresse ipv4 ipv6 remoteaddr remoteip clientip iphost userip signupip lastip hostip srcip
password: passwd pwd pass pw passphrase kennwort passwort motdepasse mdp contrasena clave senha haslo
password: wachtwoord passcode userpass
password: passwordhash passhash pwdhash passwordsalt hashedpassword encryptedpassword cryptedpassword psw
password: pword losenord
secret: geheimnis otpsecret totp otp hotp mfasecret clientsecret sharedsecret secretkey privkey privatekey
secret: recoverycode
token: accesstoken refreshtoken authtoken apitoken resettoken devicetoken bearer jwt csrf pushtoken
token: sessiontoken rememberme
api key: apikey
access key: accesskey
auth key: authkey
ssh key: sshkey
license key: licensekey
key: cle schlussel
national id: npi ssn socialsecurity socialsecuritynumber socsec nino nin nif nie dni cpf curp pesel personnummer
national id: fodselsnummer cpr
national id: bsn nir svnr sozialversicherungsnummer ahv steuerid steuernummer steuernr passport passportno
national id: passportnumber ausweis
national id: ausweisnummer reisepass driverlicense driverslicense driverlicence drivinglicence drivinglicense
national id: nationalid
national id: taxid tin itin tfn aadhaar aadhar nhsnumber nhsno personalnumber cedula rut rfc codicefiscale
national id: codfiscal oib
national id: egn jmbg emso kvnr versichertennummer fuhrerschein pasaporte passeport idcard idcardno sozvers
national id: nationalinsurance
medical id: mrn uhid medicalrecordnumber patientno patientnumber healthcard healthcardnumber insurancenumber
license plate: kennzeichen matricula numberplate licenseplate plateno platenumber immatriculation
iban: ibannumber
account number: accountno acctno acctnum acctnumber accountnum kontonummer kontonr bankaccount accnum
account number: numerocuenta banknumber
card number: cardno cardnum ccnum ccnumber creditcard creditcardnumber kreditkarte kartennummer creditcardno
card number: ccno cardnr
card number: numerocarte debitcard
cvv: cvc cvv2 cvc2
note: notes notiz notizen remark bemerkung anmerkung remarque nota notas observacion observaciones observation
note: notice opmerking
note: uwagi hinweis vermerk annotation memo merkposten poznamka
comment: kommentar commentaire comentario commento cmnt komentarz
message: nachricht mensaje messaggio mensagem msg wiadomosc
description: beschreibung descripcion descrizione descricao descr opis omschrijving beskrivelse
content: inhalt contenu contenido contenuto conteudo zawartosc
diagnosis: diagnose diagnostic diagnostico diagnosi
complaint: beschwerde plainte queja reclamo
symptom: symptome sintoma symptoms
history: anamnese anamnesis antecedentes
biography: bio aboutme selfdescription lebenslauf curriculum resume cv
reason: grund motif motivo
birth: born geboren
date: datum fecha
picture: photo foto image img bild portrait avatar headshot mugshot profilepic profilephoto thumbnail passbild
picture: photograph selfie imagen
signature: unterschrift signatur
user: usr utilisateur usuario benutzer nutzer utente gebruiker anwender uzytkownik bruker
customer: cust kunde kunden client cliente klant klient kund buyer shopper acheteur comprador purchaser
employee: emp mitarbeiter employe empleado dipendente funcionario personal angestellter medarbeider pracownik
employee: workforce salarie
employee: trabajador staff staffer crew
person: pers personne persona people human individual osoba personen party
patient: paciente paziente patienten pacjent
doctor: arzt medecin medico physician dr clinician surgeon practitioner aerzte
nurse: krankenschwester infirmier enfermera
student: schueler schuler etudiant estudiante alumno alumne studente aluno pupil eleve learner
teacher: lehrer enseignant profesor professor docente instructor lecturer tutor
member: mitglied membre miembro socio membro lid
contact: kontakt contacto contatto
author: autor auteur autore writer
supplier: lieferant fournisseur proveedor fornitore vendor
company: firma entreprise empresa azienda societe corporation organisation organization org unternehmen
company: business employer agency
product: produkt produit producto prodotto artikel item sku
order: bestellung commande pedido ordine auftrag purchase
invoice: rechnung facture factura fattura
account: konto compte cuenta acct
owner: eigentumer besitzer proprietaire propietario proprietario
category: kategorie categorie categoria
type: typ tipo art kind
number: nr no num nummer numero nbr
external: extern
gender: sex geschlecht sexe sexo
spouse: ehepartner wife husband conjoint conyuge
mother: mutter mere madre mom mum
father: vater pere padre dad
child: kids enfant hijo
guardian: erziehungsberechtigter vormund tuteur
emergency: notfall urgence emergencia
useragent: useragents
agent user: ua
facebook: fb
twitter: tw
latitude longitude: latlng latlong latlon geoposition gps
conversation: chat
lead: prospect interessent
"""
)

#: Words that the segmentation of run-together names may use besides those of ``MEANINGS`` and the rules.
FILLERS: Final = _words(
    """
    is has was can id ids at on by to from for in of the and or new old alt is no date time code status flag count
    total sum amount price qty type level order sort index pos rank value min max start end begin created updated
    deleted modified last first next prev current original primary secondary main home work office billing bill ship
    shipping mailing delivery invoice user customer client employee account contact person patient company group role
    file path url link web site page title subject table row key ref line text number name field data info log audit
    liefer rechnungs wohn kontakt firmen kunden haupt geschafts reg signup register registration creation
    history state active enabled default local global public private sys app api db tmp temp cust addr
    """
)
