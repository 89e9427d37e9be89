{#- Numbers as marts show them: exact decimals, the same on both warehouses. -#}

{% macro money(amount) %}cast({{ amount }} as numeric(31, 2)){% endmacro %}
{#- Sums within the models, up to 10^16 BRL: they fit into 64 bits, which is far cheaper to read and to add up again. -#}
{% macro amount(sum) %}cast({{ sum }} as numeric(18, 2)){% endmacro %}
{% macro cost(sum) %}cast({{ sum }} as numeric(18, 4)){% endmacro %}
{% macro ratio(number) %}cast({{ number }} as numeric(31, 4)){% endmacro %}

{#- A quotient in floating point, null where the divisor is zero. -#}
{% macro quotient(dividend, divisor) %}{{ real(dividend) }} / nullif({{ real(divisor) }}, 0){% endmacro %}

{% macro real(number) %}{{ return(adapter.dispatch('real')(number)) }}{% endmacro %}
{% macro duckdb__real(number) %}cast({{ number }} as double){% endmacro %}
{% macro bigquery__real(number) %}cast({{ number }} as float64){% endmacro %}

{% macro whole(number) %}cast({{ number }} as bigint){% endmacro %}

{% macro count_where(condition) %}{{ whole('sum(case when ' ~ condition ~ ' then 1 else 0 end)') }}{% endmacro %}

{% macro text(value) %}{{ return(adapter.dispatch('text')(value)) }}{% endmacro %}
{% macro duckdb__text(value) %}cast({{ value }} as varchar){% endmacro %}
{% macro bigquery__text(value) %}cast({{ value }} as string){% endmacro %}
