#include <algorithm>
#include <array>
#include <regex>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::int64_t page_size = 50;
constexpr std::chrono::hours token_life{2};  // less than a tick: what is listed then is another list
constexpr std::array journals{"0100-879X", "0034-8910", "1413-8123"};
constexpr std::array topics{"Saúde pública", "Ecology", "Milk & honey", "Física", "x < y", "Educação"};
constexpr std::array fields{"title", "description", "publisher", "date", "type", "language", "url"};

void write_article(base::Rng& rng, Record& record, base::WallTime time) {
  const bool no_abstract = one_in(rng, 8);
  std::vector<std::string> creators, subjects;
  for (std::uint64_t i = rng.below(4); i > 0; --i) creators.push_back(person(rng));
  for (std::uint64_t i = rng.below(3); i > 0; --i) subjects.emplace_back(pick(rng, topics));
  set(record, "title", title(rng));
  set(record, "creators", creators);
  set(record, "subjects", subjects);
  set(record, "description", no_abstract ? Value{nullptr} : Value{text(rng, 2 + rng.below(20))});
  set(record, "publisher", company(rng));
  set(record, "date", iso_day(time - std::chrono::hours{24 * rng.between(30, 4000)}));
  set(record, "type", "info:eu-repo/semantics/article");
  set(record, "language", one_in(rng, 2) ? "pt" : "en");
  set(record, "url",
      "http://www.scielo.br/scielo.php?script=sci_arttext&pid=" + text_of(record, "identifier").substr(11));
}

void erase_article(Record& record) {
  for (const char* field : fields) set(record, field, nullptr);
  for (const char* field : {"creators", "subjects"}) set(record, field, std::vector<std::string>{});
}

Record made(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string journal = pick(rng, journals);
  const std::string id = unused(state, [&] {
    return fmt::format("oai:scielo:S{}{:014}", journal, 2025'0000'000'000 + rng.below(1U << 31));
  });
  Record record{
      {"identifier", id}, {"datestamp", iso_day(time)}, {"set_spec", journal}, {"deleted", one_in(rng, 12)}};
  for (const char* field :
       {"title", "creators", "subjects", "description", "publisher", "date", "type", "language", "url"})
    record.push_back({field, nullptr});
  if (text_of(record, "deleted") == "true")
    erase_article(record);
  else
    write_article(rng, record, time);
  return record;
}

void generate(ApiState& state, std::size_t records) { fill(state, records, std::chrono::hours{30}, made); }
Record make(ApiState& state) { return made(state, state.released); }

// A title, or a record that goes away or comes back; its datestamp tells.
void change(ApiState& state, Record& record) {
  const bool gone = text_of(record, "deleted") == "true";
  set(record, "datestamp", iso_day(state.released));
  if (gone || one_in(state.rng, 6)) {
    set(record, "deleted", !gone);
    gone ? write_article(state.rng, record, state.released) : erase_article(record);
  }
  if (text_of(record, "deleted") != "true") revise(state, record, "title");
}

std::string xml_record(const Record& r) {
  const bool deleted = text_of(r, "deleted") == "true";
  std::string out = deleted ? "<record>\n<header status=\"deleted\">" : "<record>\n<header>";
  out += xml_element("identifier", text_of(r, "identifier")) +
         xml_element("datestamp", text_of(r, "datestamp")) + xml_element("setSpec", text_of(r, "set_spec")) +
         "</header>\n";
  if (deleted) return out + "</record>\n";
  out +=
      "<metadata>\n<oai-dc:dc xmlns:oai-dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" "
      "xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n";
  const auto each = [&](const char* element, const char* field) {
    const auto* list = std::get_if<std::vector<std::string>>(&value_of(r, field));
    if (list != nullptr)
      for (const std::string& item : *list) out += xml_element(element, item) + "\n";
    else if (const std::string held = text_of(r, field); !held.empty())
      out += xml_element(element, held) + "\n";
  };
  for (const auto& [element, field] :
       {std::pair("dc:title", "title"), std::pair("dc:creator", "creators"),
        std::pair("dc:subject", "subjects"), std::pair("dc:description", "description"),
        std::pair("dc:publisher", "publisher"), std::pair("dc:date", "date"), std::pair("dc:type", "type"),
        std::pair("dc:identifier", "url"), std::pair("dc:language", "language")})
    each(element, field);
  return out + "</oai-dc:dc>\n</metadata>\n</record>\n";
}

std::string document(const ApiState& state, const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAI-PMH "
         "xmlns=\"http://www.openarchives.org/OAI/2.0/\">\n" +
         xml_element("responseDate", iso_seconds(state.released)) +
         "\n<request>http://www.scielo.br/oai/scielo-oai.php</request>\n" + content + "</OAI-PMH>\n";
}

std::string failure(const char* code, const std::string& text) {
  return fmt::format("<error code=\"{}\">{}</error>\n", code, xml_escape(text));
}

// What a list is cut by; a resumption token is all of it in one word.
struct Selection {
  std::string from, until, set;
  std::int64_t offset = 0;

  std::string token(const ApiState& state) const {
    return fmt::format("oai_dc:{}:{}:{}:{}:{}", from, until, set, offset, unix_seconds(state.released));
  }
};

// "": understood.
std::string parse_token(const ApiState& state, const std::string& token, Selection& selection) {
  static const std::regex shape("oai_dc:([0-9-]*):([0-9-]*):([0-9X-]*):([0-9]{1,9}):([0-9]{1,12})");
  std::smatch part;
  if (!std::regex_match(token, part, shape))
    return failure("badResumptionToken", "not one of ours: " + token);
  if (unix_seconds(state.released) > *whole_number(part[5].str()) + std::chrono::seconds{token_life}.count())
    return failure("badResumptionToken", "the token has expired");
  selection = {part[1], part[2], part[3], *whole_number(part[4].str())};
  return "";
}

std::string parse_arguments(const ApiRequest& request, Selection& selection) {
  static const std::regex date("[0-9]{4}-[0-9]{2}-[0-9]{2}");
  const auto prefix = parameter(request, "metadataPrefix");
  if (!prefix) return failure("badArgument", "metadataPrefix is required");
  if (*prefix != "oai_dc") return failure("cannotDisseminateFormat", "only oai_dc");
  selection = {parameter(request, "from").value_or(""), parameter(request, "until").value_or(""),
               parameter(request, "set").value_or("")};
  for (const std::string& day : {selection.from, selection.until})
    if (!day.empty() && !std::regex_match(day, date))
      return failure("badArgument", "the granularity is YYYY-MM-DD: " + day);
  for (const auto& [name, value] : request.query)
    if (name != "verb" && name != "metadataPrefix" && name != "from" && name != "until" && name != "set")
      return failure("badArgument", "unknown argument: " + name);
  return "";
}

std::string list_records(const ApiState& state, const ApiRequest& request) {
  Selection selection;
  const auto token = parameter(request, "resumptionToken");
  if (token && request.query.size() > 2)
    return failure("badArgument", "resumptionToken excludes all other arguments");
  const std::string fault =
      token ? parse_token(state, *token, selection) : parse_arguments(request, selection);
  if (!fault.empty()) return fault;
  std::vector<Record> matching;
  for (const Record& record : state.records) {
    const std::string day = text_of(record, "datestamp");
    if ((selection.from.empty() || day >= selection.from) &&
        (selection.until.empty() || day <= selection.until) &&
        (selection.set.empty() || text_of(record, "set_spec") == selection.set))
      matching.push_back(record);
  }
  if (matching.empty()) return failure("noRecordsMatch", "nothing between these dates");
  std::string out = "<ListRecords>\n";
  for (const Record& record : slice(matching, selection.offset, page_size)) out += xml_record(record);
  if (matching.size() > page_size || selection.offset > 0) {
    const std::string place =
        fmt::format("completeListSize=\"{}\" cursor=\"{}\"", matching.size(), selection.offset);
    selection.offset += page_size;
    out += selection.offset >= std::ssize(matching)
               ? fmt::format("<resumptionToken {} />\n", place)
               : fmt::format("<resumptionToken expirationDate=\"{}\" {}>{}</resumptionToken>\n",
                             iso_seconds(state.released + token_life), place, selection.token(state));
  }
  return out + "</ListRecords>\n";
}

// OAI-PMH tells its errors inside of a 200.
Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::string verb = parameter(request, "verb").value_or("");
  std::string content;
  if (verb == "ListRecords")
    content = list_records(state, request);
  else if (verb == "Identify")
    content =
        "<Identify><repositoryName>SciELO (simulated)</repositoryName><protocolVersion>2.0</protocolVersion>"
        "<deletedRecord>persistent</deletedRecord><granularity>YYYY-MM-DD</granularity></Identify>\n";
  else
    content = failure("badVerb", "not simulated: " + verb);
  return answer_text(document(state, content), "text/xml; charset=UTF-8");
}

}  // namespace

Api scielo_api() {
  return {.name = "scielo",
          .host = "www.scielo.br",
          .path = "/oai/scielo-oai.php",
          .key = "identifier",
          .records = 330,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
