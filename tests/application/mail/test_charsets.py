"""One table of charset labels, the WHATWG Encoding Standard's, for everything that a mail says."""

from __future__ import annotations

from base64 import b64encode
from quopri import encodestring
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webencodings.labels import LABELS  # type: ignore[import-untyped]

from application.mail_in.envelope import NO_ENVELOPE
from application.mail_in.parsing import Mail, read_mail
from application.mail_in.parsing.charsets import decoded
from tests.application.mail.test_reading import OURS
from tests.field import field_input

HEBREW, CYRILLIC, GREEK, THAI, ARABIC = "הדפסת לא עובדת", "Принтер не печатает", "εκτυπωτής", "เครื่องพิมพ์", "طابعة"
CHINESE, TRADITIONAL, JAPANESE, KOREAN = "打印机坏了", "印表機壞了", "プリンタ①髙橋", "프린터 고장"
SAID = {
    "utf-8": ("naïve ☃", "utf-8"),
    "utf-16le": ("naïve ☃", "utf-16-le"),
    "utf-16be": ("naïve ☃", "utf-16-be"),
    "gbk": (CHINESE, "gbk"),
    "gb18030": (f"{CHINESE} naïve", "gb18030"),
    "big5": (TRADITIONAL, "cp950"),
    "euc-kr": (KOREAN, "cp949"),
    "shift_jis": (JAPANESE, "cp932"),
    "euc-jp": ("プリンタ漢字ｱ", "euc_jp"),
    "iso-2022-jp": ("プリンタ漢字", "iso2022_jp"),
    "iso-8859-2": ("drukarka łączność", "iso8859-2"),
    "iso-8859-3": ("ĝĥĵŝ", "iso8859-3"),
    "iso-8859-4": ("āēģ", "iso8859-4"),
    "iso-8859-5": (CYRILLIC, "iso8859-5"),
    "iso-8859-6": (ARABIC, "iso8859-6"),
    "iso-8859-7": (GREEK, "iso8859-7"),
    "iso-8859-8": (HEBREW, "iso8859-8"),
    "iso-8859-8-i": (HEBREW, "iso8859-8"),
    "iso-8859-10": ("ąđŋ", "iso8859-10"),
    "iso-8859-13": ("ąčė", "iso8859-13"),
    "iso-8859-14": ("ŵŷḃ", "iso8859-14"),
    "iso-8859-15": ("cœur 5 €", "iso8859-15"),
    "iso-8859-16": ("imprimantă ș €", "iso8859-16"),
    "ibm866": (CYRILLIC, "cp866"),
    "koi8-r": (CYRILLIC, "koi8-r"),
    "koi8-u": ("Їжак", "koi8-u"),
    "macintosh": ("naïve “word”", "mac-roman"),
    "x-mac-cyrillic": (CYRILLIC, "mac-cyrillic"),
    "windows-874": (THAI, "cp874"),
    "windows-1250": ("drukarka łączność", "cp1250"),
    "windows-1251": (CYRILLIC, "cp1251"),
    "windows-1252": ("naïve “word”", "cp1252"),
    "windows-1253": (GREEK, "cp1253"),
    "windows-1254": ("şğİ", "cp1254"),
    "windows-1255": (HEBREW, "cp1255"),
    "windows-1256": (ARABIC, "cp1256"),
    "windows-1257": ("ąčė", "cp1257"),
    "windows-1258": ("máy ơ", "cp1258"),
    "x-user-defined": ("plain", "ascii"),
    "replacement": ("naïve", "utf-8"),
}
"""What each encoding of the standard is tried with, and Python's codec that writes it."""


def read(raw: bytes) -> Mail:
    return read_mail(raw, NO_ENVELOPE, OURS)


def said_in(label: str, text: str, content: bytes) -> Mail:
    """A mail that says a text in a charset wherever it can: body, subject, display name and two file names."""
    word = f"=?{label}?b?{b64encode(content).decode()}?=".encode()
    coded = encodestring(content, quotetabs=True, header=False).replace(b"\n", b"\r\n")
    head = (
        b"From: " + word + b" <jo@x.example>\r\nSubject: " + word + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    )
    body = b'--b\r\nContent-Type: text/plain; charset="' + label.encode() + b'"\r\n'
    body += b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + coded + b"\r\n"
    extended = f"filename*={label}''{quote(content, safe='')}".encode()
    for name in (extended, b'filename="' + word + b'"'):
        body += b"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; " + name + b"\r\n\r\nx\r\n"
    return read(head + b"\r\n" + body + b"--b--\r\n")


@pytest.mark.parametrize("label", sorted(LABELS))
def test_field_02_every_label_of_the_standard_is_read_everywhere(label: str) -> None:
    text, codec = SAID[LABELS[label]]
    if label in ("ascii", "us-ascii", "ansi_x3.4-1968", "iso-ir-6"):
        text, codec = "naïve", "utf-8"  # what is not ASCII shows that the label is wrong
    mail = said_in(label, text, text.encode(codec))
    assert {mail.text, mail.subject, mail.name} == {text}
    first, second = (file.name for file in mail.files)
    assert (first, second) == (text, f"{text}-2")


@pytest.mark.parametrize(
    "written",
    [
        '"ISO-8859-8-I"',
        '" iso-8859-8-i "',
        "'iso-8859-8-i'",
        "Iso-8859-8-I ",
        "iso-8859-8-i;x=y",
        "iso-8859-8-i (Hebrew)",
    ],
)
def test_field_02_labels_are_read_however_they_are_written(written: str) -> None:
    raw = f"From: jo@x.example\r\nContent-Type: text/plain; charset={written}\r\n\r\n".encode() + HEBREW.encode(
        "iso8859-8"
    )
    assert read(raw).text == HEBREW


def test_field_02_the_input_is_readable_hebrew() -> None:
    mail = read(field_input("02-charset-label.eml"))
    assert (mail.subject, mail.text) == ("המדפסת לא עובדת",) * 2


@pytest.mark.parametrize("label", ["klingon", "", "x-unknown", "unicode_escape", "rot13", "\ud800"])
def test_field_02_an_unknown_label_is_utf_8_else_windows_1252(label: str) -> None:
    assert decoded("naïve ☃".encode(), label) == "naïve ☃"
    assert decoded("naïve “word” €".encode("cp1252"), label) == "naïve “word” €"


@pytest.mark.parametrize(
    ("label", "content", "text"),
    [
        ("us-ascii", "naïve".encode(), "naïve"),
        ("us-ascii", "naïve".encode("cp1252"), "naïve"),
        ("utf-8", "naïve".encode("cp1252"), "naïve"),
        ("gbk", "naïve ☃".encode(), "naïve ☃"),
        ("hz-gb-2312", CHINESE.encode("hz"), CHINESE),
        ("iso-2022-kr", KOREAN.encode("iso2022_kr"), KOREAN),
        ("iso-2022-jp", b"\x1b$B-!\x1b(I1\x1b(B ok", "①ｱ ok"),
        ("iso-2022-jp", "プリンタ".encode("cp932"), None),
        ("euc-jp", b"\xad\xa1\xf9\xa2\x8f\xb0\xa1", None),
        ("utf-16", b"\xff\xfe" + "☃".encode("utf-16-le"), "☃"),
        ("utf-8", b"\xfe\xff" + "☃".encode("utf-16-be"), "☃"),
        ("iso-8859-1", b"\xef\xbb\xbf" + "☃".encode(), "☃"),
        ("koi8-u", b"\xae\xbe", "ўЎ"),
    ],
)
def test_field_02_what_a_label_gets_wrong_is_read_as_what_it_is(label: str, content: bytes, text: str | None) -> None:
    assert text is None or decoded(content, label) == text
    assert "\ufffd" not in decoded(content, label)


def test_field_02_no_single_byte_is_lost() -> None:
    several = {"utf-8", "utf-16le", "utf-16be", "gbk", "gb18030", "big5", "euc-kr", "shift_jis", "euc-jp"}
    for label in set(LABELS.values()) - several:
        assert "\ufffd" not in decoded(bytes(range(256)), label), label


@given(st.binary(max_size=300), st.sampled_from(sorted(LABELS)))
def test_field_02_whatever_the_bytes_they_are_decoded(content: bytes, label: str) -> None:
    decoded(content, label).encode("utf-8", "surrogatepass")


HEADERS = (
    ("=?utf-8?q?J=C3?= =?utf-8?q?=BCrgen?=", "Jürgen"),
    ("=?utf-8*de?q?J=C3=BCrgen?=", "Jürgen"),
    ("=?UTF-8?Q?a b?=", "a b"),
    ("=?utf-8?q?what??=", "what?"),
    ("a =?utf-8?q?b?= c", "a b c"),
    ("a=?utf-8?q?b?=c", "abc"),
    ("=?utf-8?b?w7w?=", "ü"),
    ("=?utf-8?b?!!!?=", ""),
    ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
    ("=?x-sjis?b?g3aDioOTg14=?=", "プリンタ"),
    ("=?windows-31j?b?h0A=?=", "①"),
    ("=?x-cp1251?q?=CF=F0=E8?=", "При"),
)


@pytest.mark.parametrize(("written", "subject"), HEADERS)
def test_field_02_encoded_words_are_read_as_programs_write_them(written: str, subject: str) -> None:
    assert read(f"From: jo@x.example\r\nSubject: {written}\r\n\r\n".encode()).subject == subject


@pytest.mark.parametrize(
    ("label", "codec", "subject"),
    [
        ("koi8-r", "koi8-r", CYRILLIC),
        ("utf-8", "cp1252", "naïve"),
        ("windows-1252", "utf-8", "naïve"),
        ("utf-16", "cp1252", "ü"),
    ],
)
def test_field_02_bare_8_bit_headers_are_utf_8_else_in_the_mail_s_own_charset(
    label: str, codec: str, subject: str
) -> None:
    bare = subject.encode(codec)
    raw = (
        b"From: "
        + bare
        + b" <jo@x.example>\r\nSubject: "
        + bare
        + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    )
    raw += b"--b\r\nContent-Type: text/plain; charset=" + label.encode() + b"\r\n\r\nhi\r\n"
    raw += b'--b\r\nContent-Type: image/png; name="' + bare + b'.png"\r\n\r\nx\r\n--b--'
    mail = read(raw)
    assert (mail.subject, mail.name, mail.files[0].name) == (subject, subject, f"{subject}.png")


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("filename*=iso-8859-8-i''%E4%E3", "הד"),
        ("filename*0*=utf-8'de'na%C3; filename*1*=%AFve; filename*2=.txt", "naïve.txt"),
        ("filename*1=b.txt; filename*0=a", "ab.txt"),
        ("filename=\"plain.txt\"; filename*=utf-8''na%C3%AFve.txt", "naïve.txt"),
        (r'filename="a \"b\".txt"', "a _b_.txt"),
        ("filename=two words.txt", "two words.txt"),
        ("FileName = a.txt ", "a.txt"),
        ("filename==?utf-8?q?na=C3=AFve.txt?=", "naïve.txt"),
        ("filename*=utf-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        (r'filename="C:\temp\x.txt"', "x.txt"),
        ("filename*=''a.txt", "a.txt"),
        ("filename*=a.txt", "a.txt"),
    ],
)
def test_field_02_file_names_are_read_as_programs_write_them(parameter: str, name: str) -> None:
    head = "From: jo@x.example\r\nContent-Type: application/x\r\nContent-Disposition: attachment; "
    (file,) = read(f"{head}{parameter}\r\n\r\nx".encode()).files
    assert file.name == name


def test_field_02_html_that_names_its_charset_itself_is_read_in_it() -> None:
    html = f'<html><head><meta charset="windows-1251"></head><body>{CYRILLIC}</body></html>'.encode("cp1251")
    assert read(b"From: jo@x.example\r\nContent-Type: text/html\r\n\r\n" + html).text == CYRILLIC


def test_two_stray_bytes_at_the_start_are_no_byte_order_mark() -> None:
    assert "help, the printer!" in decoded(b"\xff\xfehelp, the printer!\r\n", None)
    assert decoded(f"\ufeff{CYRILLIC}".encode("utf-16-le"), None) == CYRILLIC
