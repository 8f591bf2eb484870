"""Names of Chinese areas in Latin letters: pinyin as typed in a search box, and the English name."""

import re

_NATIONALITY = (
    "朝鲜族|土家族|苗族|黎族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族|蒙古|"
    "柯尔克孜|哈萨克"
)
_SUFFIX = re.compile(rf"(?:(?:{_NATIONALITY})*自治[州县]|特别行政区|林区|地区|[省市县盟])$")
_HAN = re.compile(r"[\u4e00-\u9fff]")

PINYIN_OVERRIDES = {
    "长治": "chang zhi",
    "朝阳": "chao yang",
    "漯河": "luo he",
    "昌都": "chang du",
    "重庆": "chong qing",
    "阿勒泰": "a le tai",
    "锡林郭勒": "xi lin guo le",
    "克孜勒苏": "ke zi le su",
}
"""Where a character has several readings and the dictionary picks another than the place's own."""

ENGLISH_OVERRIDES = {
    "呼和浩特": "Hohhot",
    "鄂尔多斯": "Ordos",
    "呼伦贝尔": "Hulunbuir",
    "巴彦淖尔": "Bayannur",
    "乌兰察布": "Ulanqab",
    "兴安": "Hinggan",
    "锡林郭勒": "Xilingol",
    "阿拉善": "Alxa",
    "哈尔滨": "Harbin",
    "齐齐哈尔": "Qiqihar",
    "阿坝": "Ngawa",
    "甘孜": "Garzê",
    "拉萨": "Lhasa",
    "日喀则": "Shigatse",
    "昌都": "Qamdo",
    "林芝": "Nyingchi",
    "那曲": "Nagqu",
    "阿里": "Ngari",
    "果洛": "Golog",
    "乌鲁木齐": "Ürümqi",
    "克拉玛依": "Karamay",
    "吐鲁番": "Turpan",
    "哈密": "Hami",
    "博尔塔拉": "Bortala",
    "巴音郭楞": "Bayingolin",
    "阿克苏": "Aksu",
    "克孜勒苏": "Kizilsu",
    "喀什": "Kashgar",
    "和田": "Hotan",
    "伊犁": "Ili",
    "阿勒泰": "Altay",
    "阿拉尔": "Aral",
    "图木舒克": "Tumxuk",
    "可克达拉": "Kokdala",
    "香港": "Hong Kong",
    "澳门": "Macau",
}
"""Names customary in English that are not the pinyin of the Chinese name."""


def short_name(name: str) -> str:
    """Return a Chinese area's name without its rank: 延边朝鲜族自治州 is 延边, 北京市 is 北京."""
    short = _SUFFIX.sub("", name)
    return short if len(short) > 1 else name


def _syllables(short: str) -> list[str]:
    if short in PINYIN_OVERRIDES:
        return PINYIN_OVERRIDES[short].split()
    from pypinyin import lazy_pinyin  # slow to load, and only names we have not romanised before need it

    return [str(syllable) for syllable in lazy_pinyin(short)]


def pinyin(name: str) -> str:
    """Return the toneless pinyin of a Chinese name without its rank, one capitalised word (ü as v).

    A name without a Chinese character has none: "".
    """
    if not _HAN.search(name):
        return ""
    return "".join(_syllables(short_name(name))).capitalize()


def english_name(name: str) -> str:
    """Return the name used in English: the customary one, else pinyin with an apostrophe where it parts.

    A name without a Chinese character is returned as it is.
    """
    if not _HAN.search(name):
        return name
    short = short_name(name)
    if short in ENGLISH_OVERRIDES:
        return ENGLISH_OVERRIDES[short]
    first, *rest = _syllables(short)
    joined = first + "".join(f"'{part}" if part[0] in "aeo" else part for part in rest)
    return joined.replace("lv", "lü").replace("nv", "nü").capitalize()
