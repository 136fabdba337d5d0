"""English words by class: all of the closed classes, and the most common of the open ones."""


def listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


ARTICLES = listed("a an the some its his her their this that these those")
NUMBERS = listed("two three four five six seven eight nine ten several many few")
PREPOSITIONS = listed(
    "on in at with without by near under over above below beneath behind beside between against through inside outside "
    "along around across among amid during from for next onto into beyond"
)
PARTICIPLES = listed(
    "surrounded covered hidden filled seen viewed taken shot photographed lit parked mounted attached tied wrapped "
    "buried reflected silhouetted illuminated decorated sitting standing lying laying placed hanging resting growing "
    "floating flying running walking leaning made shown"
)
TRANSITIVE = listed("holding wearing carrying eating using riding pulling pushing watching showing")
ADVERBS = listed("indoors outdoors upside far out partly partially half mostly up close")
OPENERS = PREPOSITIONS | PARTICIPLES | TRANSITIVE | ADVERBS
"""Words that begin a phrase after the noun, unless the word before them still waits for its complement ("seen from")."""
WAITING = PREPOSITIONS | PARTICIPLES | TRANSITIVE | ARTICLES | listed("partly partially half mostly and of to")
PLACES = listed("above below behind beneath inside outside under underneath")
"""After "from" these words wait for nothing: "seen from behind, with motion blur"."""
COPULAS = listed("is are was were be being that which who it there")
IDLE = COPULAS | listed("and while sitting standing lying laying placed resting shown")
"""Words that say nothing at the start of a phrase: "sitting on grass" is "on grass"."""
PRONOUNS = listed("it them itself themselves him her he she they")
PAIRS = listed("pair couple")
GROUPS = listed("row group bunch pile stack set collection line crowd herd flock swarm lot number")
SHADES = listed("light dark bright pale deep very")
ADJECTIVES = (
    NUMBERS
    | SHADES
    | listed(
        "red blue green yellow orange purple violet pink black white gray grey brown beige golden gold silver tan "
        "turquoise big large small tiny huge giant little tall short long thin thick wide old new young wooden "
        "metal metallic glass plastic stone wet dry dirty clean rusty shiny dusty broken cracked empty full open "
        "closed striped spotted colorful colourful transparent blurry round square flat fluffy furry hairy fuzzy "
        "muddy snowy rainy foggy sunny cloudy rocky sandy grassy icy frozen antique vintage toy"
    )
)
"""Words that are kept before an unknown noun; before a known noun every word is kept."""
PLURAL_ONLY = listed(
    "binoculars sunglasses glasses goggles trunks bars scissors pants jeans shorts pliers tweezers tongs tights"
)
IRREGULAR = {"mouse": "mice", "goose": "geese", "foot": "feet", "tooth": "teeth", "man": "men", "woman": "women"}
UNCHANGED = PLURAL_ONLY | listed("sheep fish deer aircraft")
