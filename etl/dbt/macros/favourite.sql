{#- The number that occurs most often, the smaller one of equals: both are packed into one integer, because an aggregate
    over it is far cheaper than ranking every group. Numbers are below 10^9. -#}
{% macro favourite(number, times) -%}
  mod(1000000000 - mod(max({{ times }} * 1000000000 + (999999999 - {{ number }})), 1000000000) - 1, 1000000000)
{%- endmacro %}
