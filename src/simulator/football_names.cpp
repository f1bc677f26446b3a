#include "simulator/football_names.hpp"

#include <map>

namespace simulator::football {
namespace {

using Words = std::vector<std::string_view>;

const Words brazil{"Mirante", "São Bento",  "Ribeirão",  "Açailândia",  "Itajuru",  "Curupá",  "Jacuí",
                   "Paranã",  "Goitacazes", "Maracanaú", "Brejo Santo", "Araripe",  "Tabatã",  "Uruçuí",
                   "Caxambu", "Pirapó",     "Ipanguaçu", "Jequiá",      "Tocantim", "Vera Luz"};
const Words argentina{"Los Ceibos", "Río Pardo",    "San Telmo Sur", "Quequén",  "Ñandubay",
                      "Pampa Alta", "Colón Viejo",  "Tandileo",      "Mar Azul", "Cañada Honda",
                      "El Chañar",  "Villa Olmo",   "Huinca",        "Lobería",  "Santa Inés",
                      "Puán",       "Sauce Grande", "Ituzal"};
const Words norway{"Ørland",   "Ålvik",   "Bjørnes", "Fjærås", "Sandvær", "Tromøy",  "Haugfjord", "Lillevåg",
                   "Mosjåsen", "Nordnes", "Rødøy",   "Skåla",  "Stryvik", "Vardvik", "Ytrehavn",  "Ås"};
const Words england{"Ashcombe",  "Barrowgate", "Claymere",   "Dunwick",  "Eastmoor",  "Foxley",   "Grimsdale",
                    "Harwell",   "Ironbridge", "Kingsthorn", "Lowfield", "Marlbrook", "Netherby", "Oldcastle",
                    "Penhallow", "Queenborne", "Redmarsh",   "Stokely",  "Thornaby",  "Wyverham"};
const Words spain{"Alcor",   "Berrueco", "Cañaveral", "Doñana", "Écija Nueva", "Fuentes", "Getxondo",
                  "Huelmes", "Jérez",    "León Alto", "Móstol", "Navarcles",   "Oñate",   "Peñíscar",
                  "Ribadés", "Sagres",   "Tarifal",   "Úbedar", "Vilanou",     "Zamorel"};
const Words germany{"Altmühl",    "Bärenstein", "Düsterwald", "Eichfeld",  "Fürstenau", "Grünberg",
                    "Höllenthal", "Kahlau",     "Königsried", "Lübben",    "Mönchhof",  "Nordheide",
                    "Oberstraß",  "Pfähl",      "Rötz",       "Schwarzau", "Tübbingen", "Weißenfurt"};
const Words italy{"Alberone",  "Bressana", "Capodimare", "Dolcevia",  "Fiumara",    "Ghedina", "Lido d'Orsa",
                  "Montefalò", "Nervina",  "Ostigliana", "Pietralta", "Roccaforte", "Savòia",  "Torrepiana",
                  "Umbrasco",  "Valdoro",  "Verrès",     "Zeviano",   "Sant'Elmo",  "Quartì"};
const Words portugal{"Alvalade Novo", "Beirão",    "Covilhães", "Douro Alto", "Estói",   "Funchalim",
                     "Guimarei",      "Lourinhã",  "Mação",     "Nazarém",    "Óbidos",  "Portelã",
                     "Régua Velha",   "Sete Rios", "Tábua",     "Vouga",      "Vizelim", "Água Longa"};
const Words netherlands{"Aalwijk",   "Berkelrode", "'s-Gravenmoer", "Delfzand",   "Eemhorst",  "Flevoduin",
                        "Groendam",  "Hoogzijl",   "IJsselmeer",    "Kampeldijk", "Leerhoven", "Maasrijk",
                        "Noordveen", "Oostburg",   "Purmerzee",     "Rijnsoever", "Texelland", "Zuidvliet"};

const std::vector<Land> all_lands{
    {"World", "", 0, {}, {}},
    {"Brazil", "BR", 40, brazil, {"% FC", "Atlético %", "%", "Esporte Clube %"}},
    {"Argentina", "AR", 18, argentina, {"Deportivo %", "Unión de %", "Club Atlético %"}},
    {"Norway", "NO", 16, norway, {"% IL", "% FK", "%/Glimt"}},
    {"England", "GB", 40, england, {"% United", "% City", "% Athletic", "% & District"}},
    {"Spain", "ES", 20, spain, {"Real %", "CD %", "%"}},
    {"Germany", "DE", 36, germany, {"SV %", "1. FC %", "Borussia %"}},
    {"Italy", "IT", 20, italy, {"% Calcio", "AC %", "US %"}},
    {"Portugal", "PT", 18, portugal, {"Sporting de %", "CD %", "Vitória %"}},
    {"Netherlands", "NL", 18, netherlands, {"FC %", "% '04", "SC %"}}};

// By country and index. The club in Brazil and the one in Portugal share their name.
const std::map<std::pair<std::string_view, int>, std::string_view> special{
    {{"Brazil", 3}, "Nacional"},
    {{"Brazil", 8}, "Grêmio d'Oeste & Filhos"},
    {{"Brazil", 27},
     "Associação Desportiva e Recreativa dos Trabalhadores Ferroviários de Santa Bárbara d'Oeste e Região"},
    {{"Portugal", 5}, "Nacional"},
    {{"Norway", 2}, "Sønner & Døtre <Bjørnes>"},
    {{"England", 4}, "St. Mary's & Priory's"},
    {{"Germany", 20}, "Spielvereinigung \"Eintracht\" Düsterwald-Höllenthal von 1896 <II>"}};

constexpr Coverage thin{.statistics = false, .standings = false};
constexpr Coverage no_odds{.odds = false};
constexpr Coverage no_table{.standings = false};

// Ids of the real API where everybody knows them; 9083 is no real one.
const std::vector<Plan> all_plans{
    {71, "Serie A", "Brazil", Kind::league, false, 20, 0, 0},
    {72, "Serie B", "Brazil", Kind::league, false, 20, 20, 0},
    {128, "Liga Profesional Argentina", "Argentina", Kind::league, false, 18, 0, 0},
    {103, "Eliteserien", "Norway", Kind::league, false, 16, 0, 0, no_odds},
    {39, "Premier League", "England", Kind::league, true, 20, 0, 0},
    {40, "Championship", "England", Kind::league, true, 20, 20, 4},
    {140, "La Liga", "Spain", Kind::league, true, 20, 0, 0},
    {78, "Bundesliga", "Germany", Kind::league, true, 18, 0, 0},
    {9083, "Regionalliga Süd", "Germany", Kind::league, true, 18, 18, 0, thin},
    {135, "Serie A", "Italy", Kind::league, true, 20, 0, 5},
    {94, "Primeira Liga", "Portugal", Kind::league, true, 18, 0, 2},
    {88, "Eredivisie", "Netherlands", Kind::league, true, 18, 0, 4},
    {13, "CONMEBOL Libertadores", "World", Kind::groups, false, 16, 0, 2},
    {73, "Copa Do Brasil", "Brazil", Kind::knockout, false, 16, 0, 4, no_table}};

}  // namespace

std::span<const Land> lands() { return all_lands; }
std::span<const Plan> plans() { return all_plans; }

std::string town(const Land& land, int index) {
  return std::string(land.towns[static_cast<std::size_t>(index) % land.towns.size()]);
}

std::string team_name(const Land& land, int index) {
  if (const auto found = special.find({land.name, index}); found != special.end())
    return std::string(found->second);
  // The second division's clubs have the same towns, and other forms.
  const auto number = static_cast<std::size_t>(index);
  std::string name(land.forms[(number + number / land.towns.size()) % land.forms.size()]);
  return name.replace(name.find('%'), 1, town(land, index));
}

}  // namespace simulator::football
