#include "config/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <thread>

#include "base/text.hpp"
#include "config/collector_loader.hpp"
#include "config/file.hpp"

namespace config {

namespace {

namespace fs = std::filesystem;

// Whether an argument means a file or folder, not a name: names hold neither '/' nor '.'.
bool is_path(const std::string& argument) { return argument.find_first_of("/.") != std::string::npos; }

// Without those whose names begin with a dot: editors keep their locks and copies under such names. None is a
// fault; `is_empty`: for no other reason than that there are none.
std::vector<fs::path> yaml_files(const fs::path& folder, Faults& faults, bool& is_empty) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const fs::path extension = it->path().extension();
    if ((extension == ".yaml" || extension == ".yml") && !it->path().filename().string().starts_with('.'))
      files.push_back(it->path());
  }
  if (error)
    faults.add({folder.string(),
                {1, 1, {}},
                "",
                "the folder of collectors cannot be read: " + error.message(),
                "set collectors: in pulse.yaml"});
  is_empty = !error && files.empty();
  if (is_empty)
    faults.add({folder.string(), {1, 1, {}}, "", "holds no collector files (*.yaml)", "name another folder"});
  std::sort(files.begin(), files.end());
  return files;
}

using Visit = std::function<void(CatalogueEntry&)>;

void refuse_duplicates(std::vector<CatalogueEntry>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].name != entries[i - 1].name) continue;
    for (CatalogueEntry* entry : {&entries[i - 1], &entries[i]}) {
      const CatalogueEntry& other = entry == &entries[i] ? entries[i - 1] : entries[i];
      entry->collector.reset();
      entry->stored.reset();
      entry->after.clear();
      entry->faults.add({entry->file,
                         {1, 1, {}},
                         "name",
                         fmt::format("\"{}\" is also the name in {}", entry->name, other.file),
                         "give each collector a name of its own"});
    }
  }
}

// Looks at `after` of all entries, which are in the order of their names.
class Order {
 public:
  // `is_whole`: there are no others that a name could mean.
  Order(std::vector<CatalogueEntry>& entries, bool is_whole)
      : entries_(entries), is_whole_(is_whole), states_(entries.size(), State::unseen) {}

  void refuse_faulty() {
    for (std::size_t root = 0; root < entries_.size(); ++root)
      if (states_[root] == State::unseen) follow(root);
    for (CatalogueEntry& entry : entries_)
      if (!entry.faults.empty()) entry.collector.reset(), entry.stored.reset();
  }

 private:
  enum class State { unseen, on_path, done };
  struct Step {
    std::size_t entry;
    std::size_t next = 0;  // of its `after`
  };

  void follow(std::size_t root) {
    path_ = {{root}};
    states_[root] = State::on_path;
    while (!path_.empty()) {
      Step& step = path_.back();
      const CatalogueEntry& entry = entries_[step.entry];
      if (step.next == entry.after.size()) {
        states_[step.entry] = State::done;
        path_.pop_back();
        continue;
      }
      const std::string& name = entry.after[step.next++].first;
      const auto found = std::lower_bound(
          entries_.begin(), entries_.end(), name,
          [](const CatalogueEntry& it, const std::string& value) { return it.name < value; });
      const bool is_there = found != entries_.end() && found->name == name;
      const auto index = static_cast<std::size_t>(found - entries_.begin());
      if (!is_there) {
        if (is_whole_) refuse_unknown(name);
      } else if (states_[index] == State::on_path) {
        refuse_circle(index);
      } else if (states_[index] == State::unseen) {
        states_[index] = State::on_path;
        path_.push_back({index});
      }
    }
  }

  void refuse(std::string message, std::string remedy) {
    const Step& step = path_.back();
    CatalogueEntry& entry = entries_[step.entry];
    const std::size_t i = step.next - 1;
    entry.faults.add({entry.file, entry.after[i].second, fmt::format("after[{}]", i), std::move(message),
                      std::move(remedy)});
  }

  void refuse_unknown(const std::string& name) {
    std::vector<std::string_view> known;
    for (const CatalogueEntry& entry : entries_) known.push_back(entry.name);
    const std::string_view close = base::nearest(name, known);
    refuse(fmt::format("no collector is called \"{}\"", name),
           close.empty() ? "remove it, or add that collector" : fmt::format("did you mean \"{}\"?", close));
  }

  void refuse_circle(std::size_t closes) {
    const std::string& name = entries_[closes].name;
    if (path_.back().entry == closes) return refuse("names the collector itself", "remove it");
    std::string circle;
    for (const Step& step : path_)
      if (!circle.empty() || step.entry == closes) circle += entries_[step.entry].name + " → ";
    refuse(fmt::format("\"{}\" waits for this one: {}", name, base::shorten(circle + name, 300)),
           "remove one of them from its list");
  }

  std::vector<CatalogueEntry>& entries_;
  const bool is_whole_;
  std::vector<State> states_;
  std::vector<Step> path_;
};

std::vector<std::string_view> names_of(const std::vector<CatalogueEntry>& entries) {
  std::vector<std::string_view> names;
  for (const CatalogueEntry& entry : entries) names.push_back(entry.name);
  return names;
}

bool contains(const auto& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string remedy_for(std::string_view name, const std::vector<std::string_view>& known) {
  if (const std::string_view close = base::nearest(name, known); !close.empty())
    return fmt::format("did you mean \"{}\"?", close);
  return known.empty() ? std::string() : fmt::format("known: {}", fmt::join(known, ", "));
}

void refuse_unknown_overrides(const Settings& settings, const std::vector<std::string_view>& known,
                              Faults& faults) {
  for (const auto& [name, overrides] : settings.overrides)
    if (name != "*" && !contains(known, name))
      faults.add({overrides.mark.origin.empty() ? settings.file.string() : "", overrides.mark,
                  "overrides." + name, "no collector has this name", remedy_for(name, known)});
}

// No more files at a time than these wait for the visitor.
constexpr std::size_t files_at_a_time = 32;
constexpr unsigned most_readers = 4;

// The whole folder, for what concerns all collectors; then only those named stay, or all if none is.
std::vector<CatalogueEntry> load_folder(const Settings& settings,
                                        const std::shared_ptr<const CollectorLoader>& loader,
                                        const std::vector<std::string>& names, Faults& faults, bool& is_empty,
                                        const Visit& visit, unsigned readers) {
  const fs::path folder = settings.path_of(settings.collectors);
  const std::vector<fs::path> files = yaml_files(folder, faults, is_empty);
  std::vector<CatalogueEntry> entries;
  entries.reserve(files.size());
  for (std::span<const fs::path> left = files; !left.empty();) {
    const std::size_t count = std::min(files_at_a_time, left.size());
    for (CatalogueEntry& entry : load_files(loader, left.first(count), readers)) {
      visit(entry);
      entries.push_back(std::move(entry));
    }
    left = left.subspan(count);
  }
  std::stable_sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.name < b.name; });
  refuse_duplicates(entries);
  Order(entries, true).refuse_faulty();
  const std::vector<std::string_view> known = names_of(entries);
  if (!known.empty()) refuse_unknown_overrides(settings, known, faults);
  for (const std::string& name : names)
    if (!contains(known, name))
      faults.add({"",
                  {0, 0, name},
                  "",
                  fmt::format("no collector of this name in {}", folder.string()),
                  is_taken(name) ? fmt::format("did you mean ./{}?", name) : remedy_for(name, known)});
  if (!names.empty()) std::erase_if(entries, [&](auto& entry) { return !contains(names, entry.name); });
  return entries;
}

}  // namespace

std::optional<CommandLineOverride> parse_command_line_override(std::string_view text, Faults& faults) {
  std::string collector;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon < text.find_first_of("=.[")) {
    collector = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  auto override = parse_override(text, faults);
  if (!override) return std::nullopt;
  return CommandLineOverride{std::move(collector), std::move(*override)};
}

Catalogue load_catalogue(const std::vector<std::string>& arguments, const Settings& settings,
                         const Environment& environment, const std::vector<CommandLineOverride>& overrides) {
  Catalogue catalogue;
  const auto loader = loader_of(settings, environment, overrides);
  std::vector<std::string> names;
  std::vector<fs::path> files;
  bool is_whole = true, is_empty = false;
  for (const std::string& argument : arguments) {
    std::error_code error;
    if (!is_path(argument))
      names.push_back(argument);
    else if (fs::is_directory(argument, error))
      for (const fs::path& file : yaml_files(argument, catalogue.faults, is_empty)) files.push_back(file);
    else
      is_whole = false, files.emplace_back(argument);
  }
  for (const fs::path& file : files) catalogue.entries.push_back(load_file(loader, file));

  if (!names.empty() || arguments.empty()) {
    for (CatalogueEntry& entry : load_folder(
             settings, loader, names, catalogue.faults, is_empty, [](auto&) {}, 1))
      catalogue.entries.push_back(std::move(entry));
    catalogue.is_empty_folder = is_empty && catalogue.faults.size() == 1;
  } else {
    std::stable_sort(catalogue.entries.begin(), catalogue.entries.end(),
                     [](auto& a, auto& b) { return a.name < b.name; });
    refuse_duplicates(catalogue.entries);
    Order(catalogue.entries, is_whole).refuse_faulty();
  }
  for (const CommandLineOverride& it : overrides)
    if (!it.collector.empty() && std::none_of(catalogue.entries.begin(), catalogue.entries.end(),
                                              [&](auto& entry) { return entry.name == it.collector; }))
      catalogue.faults.add({"",
                            {0, 0, "--set " + it.collector + ":" + it.override.path},
                            "",
                            "no collector of this name is named in the command",
                            ""});
  return catalogue;
}

Catalogue load_catalogue(const Settings& settings, const Environment& environment,
                         const std::function<void(CatalogueEntry&)>& visit) {
  const unsigned readers = std::clamp(std::thread::hardware_concurrency(), 1u, most_readers);
  Catalogue catalogue;
  bool is_empty = false;
  catalogue.entries = load_folder(settings, loader_of(settings, environment, {}), {}, catalogue.faults,
                                  is_empty, visit, readers);
  catalogue.is_empty_folder = is_empty && catalogue.faults.size() == 1;
  return catalogue;
}

}  // namespace config
