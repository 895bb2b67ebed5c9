"""The word lists that folding leans on: irregular plurals, British spellings, words that only look inflected.

Comes in: nothing. Goes out: frozen tables of lower-case ASCII words. Refuses to know: how they are used.
"""

from __future__ import annotations


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION = _words(
    """a all also am an and any are as at be been being but by can could did do does each for from had has have he her
    here him his how i if in into is it its may me might must my no nor not now of on or our shall she should so such
    than that the their them then there these they this those thus to too us very was we were what when where which
    while who whom whose why will with would yet you your"""
)

PLURALS = _pairs(
    """axes axis crises crisis oases oasis theses thesis bacteria bacterium criteria criterion phenomena phenomenon
    automata automaton polyhedra polyhedron tetrahedra tetrahedron ganglia ganglion mitochondria mitochondrion
    taxa taxon spectra spectrum quanta quantum strata stratum symposia symposium memoranda memorandum
    curricula curriculum atria atrium diverticula diverticulum consortia consortium epithelia epithelium
    eigenbases eigenbasis millennia millennium continua continuum equilibria equilibrium maxima maximum minima minimum
    optima optimum extrema extremum errata erratum corpora corpus genera genus schemata schema lemmata lemma
    stomata stoma children child men man women woman mice mouse feet foot teeth tooth geese goose oxen ox dice die
    indices index vertices vertex matrices matrix appendices appendix vortices vortex simplices simplex
    codices codex helices helix cortices cortex apices apex bisectrices bisectrix submatrices submatrix
    formulae formula antennae antenna larvae larva vertebrae vertebra algae alga nebulae nebula novae nova
    supernovae supernova hyperbolae hyperbola parabolae parabola lacunae lacuna sequelae sequela stigmata stigma
    amoebae amoeba thrombi thrombus emboli embolus bronchi bronchus alveoli alveolus
    stimuli stimulus foci focus loci locus nuclei nucleus radii radius fungi fungus
    bacilli bacillus alumni alumnus tori torus moduli modulus calculi calculus cacti cactus hippocampi hippocampus
    thesauri thesaurus gyri gyrus sulci sulcus thalami thalamus syllabi syllabus homunculi homunculus
    wolves wolf halves half shelves shelf knives knife wives wife calves calf loaves loaf leaves leaf thieves thief
    scarves scarf elves elf hooves hoof lives life selves self movies movie cookies cookie zombies zombie
    calories calorie selfies selfie genies genie rookies rookie newbies newbie sorties sortie prairies prairie
    pies pie ties tie lies lie dies die caches cache niches niche headaches headache aches ache
    avalanches avalanche psyches psyche cliches cliche shoes shoe canoes canoe oboes oboe toes toe foes foe
    quizzes quiz gases gas buses bus eyries eyrie categories category
    gpus gpu cpus cpu tpus tpu npus npu imus imu ious iou apis api guis gui kpis kpi rois roi asics asic lmics lmic
    menus menu gurus guru emus emu haikus haiku plateaus plateau bureaus bureau caribous caribou
    emojis emoji wikis wiki tsunamis tsunami taxis taxi skis ski kiwis kiwi alkalis alkali safaris safari
    sheaves sheaf dwarves dwarf wharves wharf plateaux plateau bureaux bureau tableaux tableau milieux milieu
    topoi topos archaea archaeon protozoa protozoan spermatozoa spermatozoon lice louse pupae pupa sne sn
    sera serum septa septum ova ovum phyla phylum flagella flagellum cilia cilium mycelia mycelium cerebella cerebellum
    endothelia endothelium mesothelia mesothelium plasmodia plasmodium sporangia sporangium crania cranium
    aquaria aquarium moratoria moratorium suprema supremum infima infimum vacua vacuum substrata substratum
    momenta momentum referenda referendum addenda addendum corrigenda corrigendum foramina foramen
    villi villus menisci meniscus uteri uterus rhombi rhombus annuli annulus glomeruli glomerulus nucleoli nucleolus
    esophagi esophagus cocci coccus cumuli cumulus tumuli tumulus styli stylus termini terminus
    fistulae fistula papillae papilla maculae macula lamellae lamella laminae lamina striae stria hyphae hypha
    tracheae trachea bursae bursa coronae corona corneae cornea mucosae mucosa placentae placenta retinae retina
    tibiae tibia scapulae scapula fossae fossa cristae crista pleurae pleura aortae aorta personae persona amebae ameba
    larynges larynx pharynges pharynx phalanges phalanx calyces calyx cervices cervix radices radix testes testis""",
)

# Plurals that stand at the end of longer words (coronaviruses, streptococci, presheaves), and their singulars. Not each
# word in -ae is a plural: pneumoniae and influenzae name what causes pneumonia and flu.
ENDINGS = _pairs(
    """viruses virus bacteria bacterium cocci coccus bacilli bacillus sheaves sheaf hedra hedron lenses lens gases gas
    indices index matrices matrix vertices vertex spectra spectrum equilibria equilibrium nuclei nucleus women woman
    novae nova algae alga"""
)

# Singular words that end in s; their plurals in -es fold back to them.
SINGULAR_S = _words(
    """alias apparatus asbestos atlas bayes bias bonus bus cactus campus canvas census chaos chassis chorus christmas
    circus consensus corpus cosmos ethos focus gas genus gibbs hippocampus hobbes iris kudos lens
    loess mantis mars means minus mythos nexus news octopus overseas pancreas pandas pathos pelvis perhaps plus
    prospectus radius rhinoceros series sinus species status stimulus stokes surplus syllabus terminus texas topos
    abacus calculus fetus foetus genius hiatus isthmus lotus meniscus opus plexus stylus uterus
    thermos thesaurus trellis versus virus walrus whereas always besides keynes
    has was his its yes does goes this thus is as us las les des mrs"""
)

# The second singular of a plural that has two.
SECOND = _pairs("bases basis")

# What stands before the -es of a plural in -ses whose singular is in -sis. Verbs and sugars end alike (poses, doses,
# glucoses), so that the many words in -osis are told by what is before it.
_OSIS = (
    "acid|alkal|anth|apopt|arthr|brucell|calcin|chym|cyan|cyt|diverticul|fibr|fuscin|gn|hidr|hypn|i|kerat|kurt|kyph|"
    "lord|mat|mit|morph|myc|narc|necr|nephr|neur|nucle|oid|orth|osm|parasit|phim|phyt|por|psych|rrh|scler|steat|sten|"
    "stom|thromb|toxic|tubercul|zoon"
)
SIS = f"(?:{_OSIS})os|emphas|exeges|genes|lys|pares|phores|stas|synops|thes"

# Nouns in -ic whose plural is in -ics; any other word in -ics names a field and is no plural (dynamics, semantics).
IC_NOUNS = _words(
    """academic analgesic anesthetic anaesthetic anxiolytic aromatic asymptotic attic biologic caustic characteristic
    classic clinic comic conic cosmetic critic cubic demographic diabetic diuretic eccentric epidemic fabric geodesic
    graphic harmonic heuristic hypnotic infographic logic lyric medic metric mosaic mucolytic narcotic nootropic
    pandemic peptidomimetic polemic psychedelic public quadratic quadric quartic quintic relic rubric senolytic skeptic
    statistic subharmonic submetric subtopic synthetic tactic thrombolytic topic traffic"""
)
# The ends of many such nouns: microplastics, probiotics, thermoelectrics, antipsychotics.
IC_ENDINGS = (
    "plastic|biotic|ceramic|heuristic|electric|ferroic|voltaic|septic|mycotic|psychotic|thrombotic|emetic|pyretic|leptic"
    "|diabetic|cholinergic"
)

# Words that end in -ing or -ed without being a form of a verb.
NOT_INFLECTED = _words(
    """anything being biped ceiling during embed evening everything hatred hundred imbed inbreed infrared kindred
    morning naked nothing quadruped sacred sibling something unembed wicked"""
)

AMERICAN = _pairs(
    """acknowledgement acknowledgment ageing aging aluminium aluminum amongst among analogue analog artefact artifact
    catalogue catalog cosy cozy cypher cipher defence defense dialogue dialog disc disk draught draft enrol enroll
    enrolment enrollment fulfil fulfill fulfilment fulfillment grey gray homologue homolog instalment installment
    judgement judgment kerb curb licence license manoeuvre maneuver mould mold monologue monolog moustache mustache
    offence offense plough plow practise practice practised practiced practising practicing pretence pretense
    programme program prologue prolog sceptic skeptic sceptical skeptical scepticism skepticism sizeable sizable
    skilful skillful storey story tyre tire useable usable whilst while focussed focused focussing focusing
    manoeuvring maneuvering manoeuvred maneuvered counsellor counselor marvellous marvelous jewellery jewelry
    centring centering mediaeval medieval neurone neuron learnt learned moulding molding moulded molded
    caesium cesium goitre goiter yoghurt yogurt""",
)

# A final l that British English doubles before -ing, -ed and -er.
DOUBLED_L = (
    "bevel|cancel|channel|counsel|dial|duel|equal|fuel|funnel|initial|jewel|kernel|label|level|libel|marshal|model|"
    "panel|parallel|pedal|pencil|pixel|quarrel|rival|signal|spiral|swivel|total|towel|travel|trial|tunnel|unravel"
)

OUR = (
    "arm|arb|behavi|cand|clam|col|demean|endeav|fav|ferv|flav|glam|harb|hon|hum|lab|neighb|od|parl|rig|rum|sav|savi|"
    "splend|tum|val|vap|vig"
)

# Capitals of these are names of methods; in lower case they are ordinary words.
WORDS_TOO = _words(
    """ace act adam aim alpaca amber arc art atlas bag bard base bat bee bert bit bloom boss bridge cafe calm cape care
    cast cat charm chat claim clip cola coma cone cope core cot crane crystal dare dark dart dash data dawn deer dice
    dino dot dove dream drop eagle ease east edge fact fair falcon fast feat fed fit flair flame flan flash flip flow
    focus frog fuse gate gem gist glow glue grape grid halo hash helm hint hope ice idol jump keen lamb lamp laser last
    leaf lens lime lion lisa llama magic map mars mask math mean mega memo met mint mist mole moss muse nerf nest net
    nice nova oasis opt orca page palm pass path peft pie pink pixel plan plum pope pose power prism pulse race rag
    rail rain rank rat ray react real reef rest rice ring rise robust rocket rope rose rouge safe sage salt sam scan
    scope seed sense shap ship sift silk sister slam slim smart smile snap soap soda solo spark spice spin spot spring
    star stem step storm sun swag swan swap swift swim tap tent tide tiger time tip tree trust tune turn van verb vista
    vital wave whisper wing wise wolf zen"""
)

GREEK = _pairs(
    """α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi ο omicron
    π pi ρ rho σ sigma ς sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega ϵ epsilon ϕ phi ϑ theta ϱ rho ϖ pi""",
)

PARTICLES = _words("al ap ben bin da dal de del della den der di dos du el ibn la le los ten ter van von zu")

# What papers say of themselves, whatever they are about: no topic begins or ends with it.
FILLER = _words(
    """ability able according achieve achieved achieves achieving across address addresses advanced after algorithm
    algorithms allow allows among amount application applications applied applying approach approaches available
    aware based become been before benefit benefits better between beyond both case cases challenge challenges
    challenging code com common compare compared comparison compete complete comprehensive computationally consider
    considered consistent consistently contrast current dataset datasets demonstrate demonstrated demonstrates
    depend depends describe design despite develop developed difference differences different difficult directly
    diverse domain domains due during early easily effect effective effectively effectiveness effects efficiency
    efficient efficiently empirical empirically enable enables enabling end enhance enhanced enhancing ensure error
    especially et evaluate evaluated evaluating evaluation even every existing experiment experimental experiments
    explore exploring extensive extensively face faced fail fall final find finding findings first five fixed focus
    form four framework free full fully further gap gaps general github given good great greater guided hand help
    high higher highly hold however http https ideal impact implement implementation important improve improved
    improvement improvements improves improving include includes including increase increases increasing indeed
    instead introduce introduced introduces investigate issue issues joint key known large largely larger last later
    lead leading leads least less level leverage leverages leveraging like likely limit limitation limitations
    limited line long low lower main mainly major make makes making many match maximum mean method methods metric
    metrics model modeled models module modules more most much multiple name namely natural necessary need needs new
    next note novel number numbers obtain obtained off offer offers often one ones only open order original other
    others outperform outperforming outperforms output over overall own page paper part particular particularly per
    perform performance performed performing performs perspective point points poor popular possible potential
    practical practice present presents previous previously primarily principled prior problem problems process
    processes produce produced project promising properties property propose proposed proposes prove provide
    provided provides publicly quality question rather real reason recent recently reduce reduced reduces reducing
    related relationship relative relies rely remain remains report require required requires research result
    resulting results revisiting robust same scale second see seen separate set sets setting settings seven several
    short shot show showed showing shown shows significant significantly similar simple since single six small
    solution solutions solve solving some source specific specifically stage standard state strategies strategy
    strong studied studies study substantial substantially success successful successfully such suffer suffers
    suggest superior support survey system systems take task tasks technique techniques ten tend test than
    theoretical theory three through time times today total toward towards traditional train trained training true
    twelve two type types typical typically under understand understanding unified unique unlike until upon use used
    useful user users uses using usually validate value values variety various vary very via view way ways well wide
    widely within without work works yield yields zero"""
)
# Beside another word these tell something after all: large language, zero-shot, language model.
OPENING = _words(
    """free high joint large long low model multiple natural open prior question real single small state test time
    zero"""
)
CLOSING = _words("design generation model models recognition shot theory training understanding")
NEVER_FIRST = _words("learning network networks neurons")
NEVER_LAST = _words("augmented convolutional deep driven guided large multi neural pre")
