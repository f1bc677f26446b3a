#include "config/settings_source.hpp"

#include <fmt/format.h>

#include <cctype>

#include "base/text.hpp"
#include "config/file.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;

std::string upper(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return made;
}

// PULSE_LOGS__LEVEL → logs.level.
std::optional<std::string> settings_path(std::string_view variable, const ProgramFiles& files,
                                         const std::vector<KeyInfo>& keys) {
  const std::string prefix = upper(files.program) + '_';
  if (!variable.starts_with(prefix) || variable == prefix + "CONFIG") return std::nullopt;
  std::string path;
  for (std::size_t i = prefix.size(); i < variable.size(); ++i) {
    if (variable.substr(i, 2) == "__") {
      path += '.';
      ++i;
    } else {
      path += static_cast<char>(std::tolower(static_cast<unsigned char>(variable[i])));
    }
  }
  if (!files.prefix_is_shared) return path;
  std::vector<std::string_view> names;
  for (const KeyInfo& key : keys) names.push_back(key.name);
  if (path.find('.') == std::string::npos && base::nearest(path, names).empty()) return std::nullopt;
  return path;
}

// Variables that name no key become faults: a typing error must not be silent.
void apply_environment(Node& root, const Variables& environment, const ProgramFiles& files,
                       const std::vector<KeyInfo>& keys, Faults& faults) {
  for (const auto& [name, value] : environment)
    if (const auto path = settings_path(name, files, keys))
      set_path(root, *path, Node(Node::Kind::scalar, Mark{0, 0, name}, value), "", faults);
}

bool is_set(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (node != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return node != nullptr;
}

// Whether something that is no map stands on the way: its reader complains of it.
bool is_blocked(const Node& root, std::string_view path) {
  const Node::Kind kind = root.nearest(path.substr(0, path.rfind('.'))).kind;
  return kind != Node::Kind::mapping && kind != Node::Kind::null;
}

// Ambient variables, which other programs may share: they never take the place of what was set for us.
void apply_stand_ins(Node& root, const Variables& environment, const ProgramFiles& files, Faults& faults) {
  for (const StandIn& it : files.stand_ins) {
    const auto found = environment.find(std::string(it.variable));
    if (found == environment.end() || found->second.empty() || is_set(root, it.path)) continue;
    if (it.path.find('.') != std::string_view::npos && is_blocked(root, it.path)) continue;
    Node node(Node::Kind::scalar, Mark{0, 0, found->first}, found->second);
    node.from_environment = true;
    set_path(root, it.path, std::move(node), "", faults);
  }
}

// Nothing and a fault: a file was named that is none. An empty path: there is none at the usual places.
std::optional<fs::path> find_file(const std::string& program, const SettingsQuery& query, Faults& faults) {
  const auto variable = [&](const std::string& name) {
    const auto found = query.process_environment.find(name);
    return found == query.process_environment.end() ? std::string() : found->second;
  };
  const std::string file = program + ".yaml", config = upper(program) + "_CONFIG";
  for (const auto& [path, origin] : {std::pair<std::string, std::string>{query.path.value_or(""), "--config"},
                                     {variable(config), config}}) {
    if (path.empty()) continue;
    const std::string wrong = not_a_file(path);
    if (wrong.empty()) return path;
    faults.add({"",
                {0, 0, origin},
                "",
                fmt::format("{}: {}", base::shorten(base::escape_control(path), 200), wrong),
                "name an existing " + file});
    return std::nullopt;
  }
  std::vector<fs::path> places{query.directory / file};
  const std::string home = variable("HOME"), xdg = variable("XDG_CONFIG_HOME");
  if (!xdg.empty())
    places.push_back(fs::path(xdg) / program / file);
  else if (!home.empty())
    places.push_back(fs::path(home) / ".config" / program / file);
  places.push_back(fs::path("/etc") / program / file);
  for (const fs::path& place : places)
    if (is_taken(place)) return place;
  return fs::path{};
}

}  // namespace

Context SettingsSource::context(Faults& faults) const {
  Context context(file.string(), faults);
  context.settings_name() = program + ".yaml";
  return context;
}

void SettingsSource::place(DatabaseAddress& address) const {
  if (!address.path.empty()) address.path = base / address.path;
}

std::optional<SettingsSource> read_source(const ProgramFiles& files, const SettingsQuery& query,
                                          const std::vector<KeyInfo>& keys, Faults& faults) {
  const std::string program(files.program);
  const auto file = find_file(program, query, faults);
  if (!file) return std::nullopt;
  const fs::path base = file->empty() ? query.directory : file->parent_path();
  Node root;
  const std::string name = file->string();
  if (!file->empty()) {
    const auto content = read_config_file(*file, faults);
    auto parsed = content ? parse_yaml(*content, name, faults) : std::nullopt;
    if (!parsed) return std::nullopt;
    root = std::move(*parsed);
  }
  Variables all;
  if (const fs::path dotenv = base / ".env"; is_taken(dotenv))
    if (const auto content = read_config_file(dotenv, faults))
      all = parse_dotenv(*content, dotenv.string(), faults);
  for (const auto& [key, value] : query.process_environment) all[key] = value;
  const Environment environment = [all](std::string_view key) -> std::optional<std::string> {
    const auto found = all.find(std::string(key));
    return found == all.end() ? std::nullopt : std::optional(found->second);
  };

  // The values inside of pulse's overrides: are expanded where they are applied.
  expand_environment(root, environment, name, faults);
  apply_environment(root, all, files, keys, faults);
  apply_stand_ins(root, all, files, faults);
  if (root.kind == Node::Kind::null) root.kind = Node::Kind::mapping;
  return SettingsSource{.program = program,
                        .root = std::move(root),
                        .environment = environment,
                        .base = base.empty() ? fs::path(".") : base,
                        .file = *file};
}

}  // namespace config
