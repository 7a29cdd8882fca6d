# The PyPI package `phonenumbers`, which is libphonenumber, as the judge of how numbers are read.
#
# Writes its version, and then lines of JSON: a kind, a region or null, a text, and the number that it reads there,
# with + and its country code; null where it reads none, or one that is not possible. The same at every run.

import json
import random
import sys

import phonenumbers as p

FORMS = int(sys.argv[1])
REGIONS = sorted(p.SUPPORTED_REGIONS)
TYPES = range(0, 11)
dice = random.Random(9)


def read(text, region):
    try:
        number = p.parse(text, region)
    except p.NumberParseException:
        return None
    if p.is_possible_number_with_reason(number) != p.ValidationResult.IS_POSSIBLE:
        return None
    return p.format_number(number, p.PhoneNumberFormat.E164)


def say(kind, region, text):
    print(json.dumps([kind, region, text, read(text, region)], separators=(",", ":")))


def spellings(number, region):
    yield p.format_number(number, p.PhoneNumberFormat.E164)
    yield p.format_number(number, p.PhoneNumberFormat.INTERNATIONAL)
    yield p.format_number(number, p.PhoneNumberFormat.NATIONAL)
    yield p.format_number(number, p.PhoneNumberFormat.RFC3966)
    yield p.national_significant_number(number)
    yield str(number.country_code) + p.national_significant_number(number)
    yield p.format_out_of_country_calling_number(number, region)
    yield p.format_out_of_country_calling_number(number, "NL")
    yield p.format_out_of_country_calling_number(number, "US")


def digits(count):
    return "".join(dice.choice("0123456789") for _ in range(count))


print(p.__version__)

# Its examples of every region and type, and of the codes of the whole world, in every spelling, at home and abroad.
examples = []
for region in REGIONS:
    seen = set()
    for kind in TYPES:
        number = p.example_number_for_type(region, kind)
        if number is None or str(number) in seen:
            continue
        seen.add(str(number))
        examples.append((region, number))
        for text in spellings(number, region):
            for default in (region, None, "US"):
                say("example", default, text)
for code in sorted(p.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
    number = p.example_number_for_non_geo_entity(code)
    for text in spellings(number, "NL"):
        say("example", None, text)

# Valid numbers that begin with the digits of their own country code, as they are written at home.
for region in REGIONS:
    code = str(p.country_code_for_region(region))
    lengths = p.PhoneMetadata.metadata_for_region(region).general_desc.possible_length
    for length in lengths:
        if length <= len(code):
            continue
        for _ in range(30):
            number = p.parse("+" + code + code + digits(length - len(code)), None)
            if p.is_valid_number_for_region(number, region):
                for text in spellings(number, region):
                    say("own code", region, text)
                break

# What people write, paste and get wrong.
SIGNS = ["", "", "", " ", "-", ".", "/", "(", ")", "\u00a0", "\u2011", "\u2013", "\u3000", "\uff0d", "\u200b", "\u2060", "\u00ad"]
OURS = ["\u202f", "\u2009", "\u200e", "\u202a"]
ALPHABETS = [0x0660, 0x06F0, 0x0966, 0xFF10]
AROUND = ["\u202a", "\u200e", "\ufeff", " ", "\t", "("]
REFUSED = ["x5", " ext. 12", ";ext=5", "#", "ABC", "/+31612345678", " x1/x2"]

for _ in range(FORMS):
    region, number = dice.choice(examples)
    national = p.national_significant_number(number)
    cut = dice.randrange(len(national) + 1)
    national = national[:cut] + digits(len(national) - cut)
    change = dice.randrange(20)
    if change == 0:
        national = national[1:]
    elif change == 1:
        national += digits(dice.randrange(1, 5))
    elif change == 2:
        national = "0" + national
    elif change == 3:
        national = digits(dice.randrange(1, 14))
    elif change == 4:
        national = str(number.country_code) + national
    way = dice.randrange(10)
    if way < 4:
        text = "+" + str(number.country_code) + national
    elif way < 6:
        text = national
    elif way < 7:
        prefix = p.ndd_prefix_for_region(region, True) or ""
        text = prefix + national
    elif way < 8:
        text = str(number.country_code) + national
    elif way < 9:
        text = dice.choice(["00", "011", "810", "0011"]) + str(number.country_code) + national
    else:
        text = "+" + digits(dice.randrange(1, 17))
    if dice.randrange(2):
        signs = SIGNS + OURS if dice.randrange(10) == 0 else SIGNS
        text = "".join(it + dice.choice(signs) for it in text)
    if dice.randrange(10) == 0:
        zero = dice.choice(ALPHABETS)
        text = "".join(chr(zero + int(it)) if it in "0123456789" else it for it in text).replace("+", dice.choice("+\uff0b"))
    if dice.randrange(10) == 0:
        text = dice.choice(AROUND) + text
    if dice.randrange(40) == 0:
        text += dice.choice(REFUSED)
    say("form", dice.choice([region, region, None, "NL"]), text)
