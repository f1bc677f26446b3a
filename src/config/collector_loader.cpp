#include "config/collector_loader.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "base/check.hpp"
#include "config/file.hpp"
#include "decode/gzip.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

// Where each name of `after` stands, be it in the file or in an override.
std::vector<Mark> marks_of_after(const CollectorSource& source, const std::vector<Override>& overrides) {
  const auto is_about_it = [](const Override& it) { return it.path.starts_with("after"); };
  Node node(Node::Kind::mapping, source.node.mark);
  if (const Node* const after = source.node.find("after"))
    node.entries.push_back({"after", after->mark, *after});
  Faults ignored;
  for (const Override& it : overrides)
    if (is_about_it(it)) set_path(node, it.path, it.value, source.file, ignored);
  std::vector<Mark> marks;
  if (const Node* const after = node.find("after"))
    for (const Node& item : after->items) marks.push_back(item.mark);
  return marks;
}

}  // namespace

std::vector<Override> CollectorLoader::overrides_of(const std::string& name) const {
  std::vector<Override> list;
  for (const std::string& key : {std::string("*"), name})
    if (const auto found = settings_overrides.find(key); found != settings_overrides.end())
      list.insert(list.end(), found->second.list.begin(), found->second.list.end());
  for (const CommandLineOverride& it : overrides)
    if (it.collector.empty() || it.collector == name) list.push_back(it.override);
  return list;
}

void CollectorLoader::read(std::string text, CatalogueEntry& entry) const {
  auto source = parse_collector(std::move(text), entry.file, entry.faults);
  if (!source) return;
  entry.name = source->name;
  const std::vector<Override> list = overrides_of(entry.name);
  const std::vector<Mark> marks = marks_of_after(*source, list);
  // The same position can stand twice when duplicate keys were found and then misread; read on only from a
  // sound tree.
  if (entry.faults.empty()) {
    entry.collector = read_collector(std::move(*source), list, environment, entry.faults, databases);
  } else {
    Faults more;
    read_collector(std::move(*source), list, environment, more, databases);
    for (const Fault& fault : more.sorted()) entry.faults.add(fault);
  }
  if (!entry.collector) return;
  const std::vector<std::string>& after = entry.collector->after;
  for (std::size_t i = 0; i < after.size(); ++i)
    entry.after.emplace_back(after[i], i < marks.size() ? marks[i] : Mark{1, 1, {}});
}

std::shared_ptr<const CollectorLoader> loader_of(const Settings& settings, const Environment& environment,
                                                 const std::vector<CommandLineOverride>& overrides) {
  return std::make_shared<CollectorLoader>(
      CollectorLoader{settings.overrides, overrides, environment, settings.database_names()});
}

CatalogueEntry load_file(const std::shared_ptr<const CollectorLoader>& loader, const fs::path& path) {
  CatalogueEntry entry;
  entry.file = path.string();
  entry.name = path.stem().string();
  auto text = read_config_file(path, entry.faults);
  if (!text) return entry;
  loader->read(*text, entry);
  if (entry.collector) entry.stored.emplace(loader, entry.file, *text);
  return entry;
}

std::vector<CatalogueEntry> load_files(const std::shared_ptr<const CollectorLoader>& loader,
                                       std::span<const fs::path> files, unsigned readers) {
  std::vector<CatalogueEntry> entries(files.size());
  std::atomic<std::size_t> next = 0;
  const auto read = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) entries[i] = load_file(loader, files[i]);
  };
  std::vector<std::jthread> others;
  try {
    while (others.size() + 1 < std::min<std::size_t>(readers, files.size())) others.emplace_back(read);
  } catch (const std::system_error&) {
    // No more threads are to be had: then with those that are there.
  }
  read();
  others.clear();  // waits for them
  return entries;
}

StoredCollector::StoredCollector(std::shared_ptr<const CollectorLoader> loader, std::string file,
                                 std::string_view text)
    : loader_(std::move(loader)), file_(std::move(file)), text_(decode::gzipped(text)) {
  text_.shrink_to_fit();
}

Collector StoredCollector::read() const {
  CatalogueEntry entry;
  entry.file = file_;
  auto text = decode::gunzip(text_, max_file_size);
  CHECK(text.has_value(), "what was packed here can be unpacked");
  loader_->read(*std::move(text), entry);
  CHECK(entry.collector.has_value(), "what was sound when it was loaded is sound again");
  return *std::move(entry.collector);
}

}  // namespace config
