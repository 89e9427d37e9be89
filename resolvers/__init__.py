"""Operations answered from the operational database."""
