#include "football/error_words.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "football/words.hpp"

namespace football {
namespace {

using base::Code;
using std::chrono::days;
using std::chrono::minutes;
using namespace std::chrono_literals;

constexpr auto long_wait = 10min;  // more than any limit of a minute explains

std::chrono::sys_seconds local(base::WallTime time, const schedule::Zone& zone) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return std::chrono::sys_seconds{std::chrono::seconds{zone.to_local(second)}};
}

std::string words_at(base::WallTime time, const schedule::Zone& zone) {
  const std::string words = zone_words(
      zone.period(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()).offset);
  return words.starts_with("UTC") ? words : "horário de " + words;
}

std::string hour_of(std::chrono::sys_seconds time) {
  const auto minute = std::chrono::floor<minutes>(time - std::chrono::floor<days>(time)).count();
  return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

std::string date_of(std::chrono::sys_seconds time) {
  const std::chrono::year_month_day date{std::chrono::floor<days>(time)};
  return fmt::format("{:02}/{:02}", static_cast<unsigned>(date.day()), static_cast<unsigned>(date.month()));
}

std::string when(base::WallTime time, base::WallTime now, const schedule::Zone& zone) {
  // Up to the full minute: nobody is to come back a second too early.
  const auto there = std::chrono::ceil<minutes>(local(time, zone));
  const auto here = local(now, zone);
  const auto ahead = std::chrono::floor<days>(there) - std::chrono::floor<days>(here);
  const std::string day = ahead == days{0}   ? "de hoje"
                          : ahead == days{1} ? "de amanhã"
                                             : "de " + date_of(there);
  return fmt::format("das {} {} ({})", hour_of(there), day, words_at(time, zone));
}

std::string limited(const base::Error& error, base::WallTime now, const schedule::Zone& zone) {
  const auto wait = error.retry_after.value_or(0ms);
  const base::WallTime end = now + std::min<std::chrono::milliseconds>(wait, 48h);
  const bool ends_with_the_day = wait > 0ms && end - std::chrono::floor<days>(end) < 2s;
  if (ends_with_the_day)
    return fmt::format(
        "O limite de consultas de hoje aos dados de futebol foi atingido. Tente novamente a partir {}.",
        when(std::chrono::floor<days>(end), now, zone));
  if (wait >= long_wait)
    return fmt::format("O serviço de dados de futebol pediu uma pausa. Tente novamente a partir {}.",
                       when(end, now, zone));
  return "Muitas consultas aos dados de futebol neste momento. Tente novamente em alguns minutos.";
}

}  // namespace

bool needs_a_person(const base::Error& error) {
  switch (error.code) {
    case Code::permission:
    case Code::endpoint_gone:
    case Code::invalid_config:
    case Code::internal: return true;
    default: return false;
  }
}

std::string error_words(const base::Error& error, base::WallTime now, const schedule::Zone& zone) {
  switch (error.code) {
    case Code::unavailable:
      return "O serviço de dados de futebol não está disponível agora. Tente novamente em alguns minutos.";
    case Code::timeout:
      return "O serviço de dados de futebol está demorando demais para responder. Tente novamente em alguns "
             "minutos.";
    case Code::rate_limited: return limited(error, now, zone);
    case Code::permission:
      return "O acesso aos dados de futebol está com um problema do nosso lado. O responsável foi avisado.";
    case Code::invalid_data:
      return "O serviço de dados de futebol não deu uma resposta que eu possa usar. Tente novamente mais "
             "tarde.";
    case Code::cancelled: return "A consulta foi interrompida. Tente novamente em instantes.";
    case Code::endpoint_gone:
    case Code::invalid_config:
    case Code::internal: return "Algo deu errado do nosso lado. O responsável foi avisado.";
    case Code::conflict:
    case Code::no_space: break;
  }
  return "Algo deu errado do nosso lado. Tente novamente em alguns minutos.";
}

std::string stale_words(base::WallTime since, base::WallTime now, const schedule::Zone& zone) {
  const auto there = local(since, zone), here = local(now, zone);
  const bool today = std::chrono::floor<days>(there) == std::chrono::floor<days>(here);
  return fmt::format("Dados de {}{} ({}): o serviço de dados de futebol não respondeu agora.",
                     today ? "" : date_of(there) + " às ", hour_of(there), words_at(since, zone));
}

}  // namespace football
