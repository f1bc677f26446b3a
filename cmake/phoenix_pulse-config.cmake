# find_package(phoenix_pulse COMPONENTS resilience): see cmake/InstallResilience.cmake of the sources.

include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(tl-expected)

foreach(component IN LISTS phoenix_pulse_FIND_COMPONENTS)
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/phoenix_pulse-${component}.cmake)
    set(phoenix_pulse_${component}_FOUND TRUE)
  elseif(phoenix_pulse_FIND_REQUIRED_${component})
    set(phoenix_pulse_FOUND FALSE)
    set(phoenix_pulse_NOT_FOUND_MESSAGE "phoenix_pulse has no component \"${component}\" here; there is: resilience")
    return()
  endif()
endforeach()

include(${CMAKE_CURRENT_LIST_DIR}/phoenix_pulse-resilience.cmake)
# base/result.hpp includes its headers.
set_property(TARGET phoenix_pulse::base APPEND PROPERTY INTERFACE_LINK_LIBRARIES tl::expected)
